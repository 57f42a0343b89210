#include "connection.hpp"

#include "convert.hpp"
#include "operation.hpp"
#include "python_error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

namespace {

class PythonRows final : public ResultStream {
 public:
  explicit PythonRows(nb::object cursor) : cursor_(std::move(cursor)) {
    for (const nb::handle column : nb::borrow<nb::object>(cursor_.get().attr("description"))) {
      columns_.push_back({std::string(text_of(column[0])), {}});
    }
  }
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  bool next(std::vector<Value>& row) override {
    return call_python({}, [&] {
      const nb::object fetched = cursor_.get().attr("fetchone")();
      row.clear();
      if (fetched.is_none()) return false;
      for (const nb::handle value : fetched) row.push_back(to_value_lenient(value));
      return true;
    });
  }

 private:
  SharedObject cursor_;
  std::vector<ResultColumn> columns_;
};

}  // namespace

PythonConnection::PythonConnection(nb::object connection, std::string description)
    : connection_(std::move(connection)), description_(std::move(description)) {}

PythonConnection::~PythonConnection() {
  try {
    call_python({}, [&] {
      const nb::handle connection = connection_.get();
      connection.attr("close")();
      if (nb::hasattr(connection, "_retire")) connection.attr("_retire")();
    });
  } catch (const Error&) {
    // Closing reports for itself; a connection that is gone is closed.
  }
}

std::unique_ptr<ResultStream> PythonConnection::execute(std::string_view sql) {
  HookDispatcher no_hooks;
  return execute_managed(no_hooks, sql);
}

std::unique_ptr<ResultStream> PythonConnection::execute_managed(HookDispatcher& hooks,
                                                                std::string_view sql) {
  return call_python({}, [&]() -> std::unique_ptr<ResultStream> {
    auto* core = new CoreHooks(hooks);
    const nb::object held = nb::cast(core, nb::rv_policy::take_ownership);
    struct Detach {
      CoreHooks* core;
      ~Detach() { core->detach(); }
    } const detach{core};
    nb::object cursor = import("vdk.host.connections")
                            .attr("execute_for_core")(connection_.get(), make_str(sql), held);
    if (cursor.attr("description").is_none()) return nullptr;
    return std::make_unique<PythonRows>(std::move(cursor));
  });
}

LiteralStyle PythonConnection::literal_style() const noexcept {
  const nb::gil_scoped_acquire lock;
  try {
    const nb::object standard =
        nb::getattr(connection_.get(), "_standard_literals", nb::bool_(false));
    return standard.is(nb::bool_(true)) ? LiteralStyle::standard : LiteralStyle::unknown;
  } catch (nb::python_error& failure) {
    failure.discard_as_unraisable("the literal style of a connection");
    return LiteralStyle::unknown;
  }
}

bool PythonConnection::is_connected() {
  return call_python({}, [&] { return nb::cast<bool>(connection_.get().attr("_is_db_con_open")); });
}

bool PythonConnection::answers() {
  return call_python({}, [&] {
    return nb::cast<bool>(nb::bool_(nb::object(connection_.get().attr("_is_connected")())));
  });
}

bool PythonConnection::reconnect() {
  return call_python({}, [&] {
    connection_.get().attr("close")();
    connection_.get().attr("connect")();
    return true;
  });
}

void PythonConnection::interrupt() noexcept {
  const nb::gil_scoped_acquire lock;
  if (!lock) return;
  try {
    const nb::object native = connection_.get().attr("_db_con");
    for (const char* method : {"interrupt", "cancel"}) {
      if (!nb::hasattr(native, method)) continue;
      native.attr(method)();
      return;
    }
  } catch (nb::python_error& failure) {
    failure.discard_as_unraisable("interrupting a statement");
  }
}

void CoreHooks::run_operation(nb::handle operation, nb::handle steps) const {
  if (!hooks_) throw nb::value_error("This cursor belonged to a statement that has ended.");
  const nb::object core_log = nb::none();
  const nb::gil_scoped_release unlocked;
  run_python_operation(*hooks_, operation, steps, core_log, {});
}

ConnectionFactory sqlite_connection_factory() {
  return [](const Configuration& configuration,
            std::string_view section) -> std::unique_ptr<DriverConnection> {
    const std::string file = configuration.get_string("sqlite_file", section);
    return call_python({}, [&] {
      return std::make_unique<PythonConnection>(
          import("vdk.host.connections").attr("SqliteConnection")(make_str(file)).attr("connect")(),
          file);
    });
  };
}

ConnectionFactory duckdb_connection_factory() {
  return [](const Configuration& configuration,
            std::string_view section) -> std::unique_ptr<DriverConnection> {
    const std::string file = configuration.get_string("duckdb_database", section);
    const std::string settings =
        configuration.get_string("duckdb_configuration_dictionary", section);
    return call_python({}, [&] {
      return std::make_unique<PythonConnection>(
          import("vdk.host.connections")
              .attr("DuckDbConnection")(make_str(file), make_str(settings))
              .attr("connect")(),
          file);
    });
  };
}

ConnectionFactory python_connection_factory(nb::object factory, std::string type) {
  return [factory = SharedObject(std::move(factory)), type = std::move(type)](
             const Configuration&, std::string_view) -> std::unique_ptr<DriverConnection> {
    return call_python({}, [&]() -> std::unique_ptr<DriverConnection> {
      nb::object connection =
          import("vdk.host.connections").attr("open_registered")(factory.get(), make_str(type));
      if (connection.is_none()) return nullptr;
      return std::make_unique<PythonConnection>(std::move(connection), type);
    });
  };
}

}  // namespace vdk
