#include "python_store.hpp"

#include "convert.hpp"
#include "python_error.hpp"

namespace vdk {

namespace {

class PythonStore final : public KeyValueStore {
 public:
  PythonStore(StateKind kind, nb::object client) : kind_(kind), client_(std::move(client)) {}

  Value read(std::string_view job, std::string_view team) override {
    return call_python({}, [&] {
      const char* method = kind_ == StateKind::properties ? "read_properties" : "read_secrets";
      return map_of(client_.get().attr(method)(make_str(job), make_str(team)), method);
    });
  }

  Value write(std::string_view job, std::string_view team, const Value& map) override {
    return call_python({}, [&] {
      const char* method = kind_ == StateKind::properties ? "write_properties" : "write_secrets";
      const nb::object taken =
          client_.get().attr(method)(make_str(job), make_str(team), to_python(map));
      // Many back ends return nothing; a write pre-processor returns what is to be stored.
      return taken.is_none() ? map : map_of(taken, method);
    });
  }

 private:
  static Value map_of(nb::handle object, const char* method) {
    if (object.is_none()) return Value(Value::Map{});
    if (PyDict_Check(object.ptr())) return to_value_lenient(object);
    throw platform_error({.what = std::string("The back end's ") + method +
                                  " returned an object of the class " + class_name(object) + ".",
                          .why = "It is to return a dict.",
                          .countermeasure = "Correct the plugin, or choose another back end."});
  }

  StateKind kind_;
  SharedObject client_;
};

}  // namespace

std::function<std::unique_ptr<KeyValueStore>()> python_store_factory(StateKind kind,
                                                                     nb::object factory) {
  return [kind, factory = SharedObject(std::move(factory))]() -> std::unique_ptr<KeyValueStore> {
    return call_python({}, [&]() -> std::unique_ptr<KeyValueStore> {
      nb::object client = nb::borrow(factory.get())();
      if (client.is_none()) return nullptr;
      return std::make_unique<PythonStore>(kind, std::move(client));
    });
  };
}

}  // namespace vdk
