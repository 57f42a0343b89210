#include "connection.hpp"

#include <algorithm>

#include "convert.hpp"
#include "job/job_context.hpp"
#include "python_error.hpp"

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

ConnectionFactory sqlite_factory() {
  return [](const Configuration& configuration, std::string_view section) -> std::unique_ptr<DriverConnection> {
    const std::string file = configuration.get_string("sqlite_file", section);
    return call_python({}, [&] {
      return std::make_unique<PythonConnection>(import("vdk.host.connections").attr("SqliteConnection")(make_str(file)),
                                                file);
    });
  };
}

ConnectionFactory duckdb_factory() {
  return [](const Configuration& configuration, std::string_view section) -> std::unique_ptr<DriverConnection> {
    const std::string file = configuration.get_string("duckdb_database", section);
    const std::string settings = configuration.get_string("duckdb_configuration_dictionary", section);
    return call_python({}, [&] {
      return std::make_unique<PythonConnection>(
          import("vdk.host.connections").attr("DuckDbConnection")(make_str(file), make_str(settings)), file);
    });
  };
}

}  // namespace

PythonConnection::PythonConnection(nb::object connection, std::string description)
    : connection_(std::move(connection)), description_(std::move(description)) {}

std::unique_ptr<ResultStream> PythonConnection::execute(std::string_view sql) {
  return call_python({}, [&]() -> std::unique_ptr<ResultStream> {
    nb::object cursor = connection_.get().attr("native_cursor")();
    connection_.get().attr("execute_native")(cursor, make_str(sql), nb::none());
    if (cursor.attr("description").is_none()) return nullptr;
    return std::make_unique<PythonRows>(std::move(cursor));
  });
}

bool PythonConnection::is_connected() {
  return call_python({}, [&] { return nb::cast<bool>(connection_.get().attr("_is_connected")()); });
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

void add_python_connections(JobContext& context) {
  ConnectionRegistry& connections = context.connections();
  connections.add("sqlite", sqlite_factory(), Provider::built_in, "sqlite");
  connections.add("vdk", sqlite_factory(), Provider::built_in, "sqlite");
  connections.add("duckdb", duckdb_factory(), Provider::built_in, "duckdb");
  for (const std::string& section : context.configuration().sections()) {
    if (section == kMainSection) continue;
    const std::vector<std::string> keys = context.configuration().keys(section);
    if (std::ranges::find(keys, "sqlite_file") == keys.end()) continue;
    connections.add(section, sqlite_factory(), Provider::built_in, section, section);
  }
}

}  // namespace vdk
