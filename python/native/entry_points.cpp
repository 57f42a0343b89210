#include "entry_points.hpp"

#include <string>

#include <nanobind/stl/string.h>

namespace vdk {

std::vector<PluginDistribution> entry_points_at_start(const PythonEnvironment& found) {
  const nb::object sys = nb::module_::import_("sys");
  const auto executable = nb::cast<std::string>(nb::str(nb::object(sys.attr("executable"))));
  if (found.interpreter.executable == executable) return found.plugins;
  return inspect_environment({executable, {}}).plugins;
}

std::vector<PluginDistribution> entry_points() {
  const nb::object sys = nb::module_::import_("sys");
  std::vector<std::string> path;
  for (const nb::handle entry : nb::object(sys.attr("path"))) {
    if (PyUnicode_Check(entry.ptr())) path.push_back(nb::cast<std::string>(entry));
  }
  return find_plugin_distributions(path);
}

nb::list entry_points_in_python() {
  nb::list points;
  for (const PluginDistribution& distribution : entry_points()) {
    for (const EntryPoint& point : distribution.entry_points) {
      points.append(nb::make_tuple(make_str(distribution.name), make_str(distribution.version),
                                   make_str(point.group), make_str(point.name),
                                   make_str(point.value)));
    }
  }
  return points;
}

}  // namespace vdk
