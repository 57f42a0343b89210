#include "python_configuration.hpp"

#include <algorithm>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "convert.hpp"

namespace vdk {

namespace {

// What is no JSON has no place in a configuration but as its text.
Value option_value(nb::handle object) {
  try {
    return to_value_lenient(object);
  } catch (const nb::builtin_exception&) {
    return nb::cast<std::string>(nb::str(object));
  }
}

Origin of_plugin(const std::string& module) { return {OriginKind::plugin, module}; }

template <class T>
bool has_section(const T& configuration, const std::string& section) {
  const std::vector<std::string> sections = configuration.sections();
  return std::ranges::find(sections, section) != sections.end();
}

}  // namespace

void PythonConfiguration::bind(nb::module_& module) {
  nb::class_<PythonConfigurationBuilder>(module, "ConfigurationBuilder")
      .def(nb::init<>())
      .def(
          "add",
          [](PythonConfigurationBuilder& self, const std::string& key, nb::handle default_value,
             bool show_default, const std::string& description, bool sensitive,
             const std::string& section) {
            self.get().add({.key = key,
                            .default_value = option_value(default_value),
                            .description = description,
                            .sensitive = sensitive,
                            .show_default = show_default,
                            .section = section});
          },
          nb::arg("key"), nb::arg("default_value").none(), nb::arg("show_default"),
          nb::arg("description"), nb::arg("sensitive"), nb::arg("section"))
      .def(
          "set",
          [](PythonConfigurationBuilder& self, const std::string& key, nb::handle value,
             const std::string& section, const std::string& plugin) {
            self.get().set(key, option_value(value), of_plugin(plugin), section);
          },
          nb::arg("key"), nb::arg("value").none(), nb::arg("section"), nb::arg("plugin"))
      .def("keys", [](PythonConfigurationBuilder& self,
                      const std::string& section) { return self.get().current().keys(section); })
      .def("sections",
           [](PythonConfigurationBuilder& self) { return self.get().current().sections(); })
      .def("has_section",
           [](PythonConfigurationBuilder& self, const std::string& section) {
             return vdk::has_section(self.get().current(), section);
           })
      .def("build", [](PythonConfigurationBuilder& self) {
        const ConfigurationBuilder& builder = self.get();
        return PythonConfiguration(builder.build());
      });

  nb::class_<PythonConfiguration>(module, "Configuration")
      .def("get",
           [](PythonConfiguration& self, const std::string& key, const std::string& section) {
             return to_python(self.get().get(key, section));
           })
      .def("get_required",
           [](PythonConfiguration& self, const std::string& key, const std::string& section) {
             return to_python(self.get().get_required(key, section));
           })
      .def(
          "override",
          [](PythonConfiguration& self, const std::string& key, nb::handle value,
             const std::string& section, const std::string& plugin) {
            self.get().override_value(key, option_value(value), of_plugin(plugin), section);
          },
          nb::arg("key"), nb::arg("value").none(), nb::arg("section"), nb::arg("plugin"))
      .def("description",
           [](PythonConfiguration& self, const std::string& key, const std::string& section) {
             return self.get().description(key, section);
           })
      .def("is_sensitive",
           [](PythonConfiguration& self, const std::string& key, const std::string& section) {
             return self.get().is_sensitive(key, section);
           })
      .def("is_default",
           [](PythonConfiguration& self, const std::string& key, const std::string& section) {
             return self.get().is_default(key, section);
           })
      .def("keys", [](PythonConfiguration& self,
                      const std::string& section) { return self.get().keys(section); })
      .def("sections", [](PythonConfiguration& self) { return self.get().sections(); })
      .def("has_section",
           [](PythonConfiguration& self, const std::string& section) {
             return vdk::has_section(self.get(), section);
           })
      .def("copy", [](PythonConfiguration& self) { return PythonConfiguration(self.get()); });
}

}  // namespace vdk
