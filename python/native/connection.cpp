#include "connection.hpp"

#include "convert.hpp"
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
    call_python({}, [&] { connection_.get().attr("close")(); });
  } catch (const Error&) {
    // Closing reports for itself; a connection that is gone is closed.
  }
}

std::unique_ptr<ResultStream> PythonConnection::execute(std::string_view sql) {
  return call_python({}, [&]() -> std::unique_ptr<ResultStream> {
    nb::object cursor = connection_.get().attr("execute_unmanaged")(make_str(sql));
    if (cursor.attr("description").is_none()) return nullptr;
    return std::make_unique<PythonRows>(std::move(cursor));
  });
}

bool PythonConnection::is_connected() {
  return call_python({}, [&] { return nb::cast<bool>(connection_.get().attr("_is_db_con_open")); });
}

void PythonConnection::interrupt() noexcept {
  const nb::gil_scoped_acquire lock;
  if (!lock) return;
  try {
    const nb::object native = connection_.get().attr("_db_con");
    if (nb::hasattr(native, "interrupt")) native.attr("interrupt")();
  } catch (nb::python_error& failure) {
    failure.discard_as_unraisable("interrupting a statement");
  }
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

}  // namespace vdk
