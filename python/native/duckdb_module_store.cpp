#include "duckdb_module_store.hpp"

#include <optional>

#include <nanobind/stl/string.h>

#include "arrow_batches.hpp"
#include "base/text.hpp"
#include "convert.hpp"
#include "python_error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

namespace {

constexpr const char* kSource = "_vdk_rows";

}  // namespace

// Runs a call of the module and says what its exceptions mean to the core, which needs no lock.
template <class Call>
auto DuckdbModuleStore::with_engine(Call&& call, std::string_view table) -> decltype(call()) {
  std::string message;
  {
    const nb::gil_scoped_acquire lock;
    try {
      return call();
    } catch (nb::python_error& error) {
      if (!error.matches(error_class_.get())) throw_to_core(error, {});
      message = nb::cast<std::string>(nb::str(error.value()));
    }
  }
  throw_failure(message, table);
}

DuckdbModuleStore::DuckdbModuleStore(const std::string& file, const std::string& settings,
                                     duckdb::TypeMapping mapping)
    : DuckdbTables(file, mapping, true) {
  call_python({}, [&] {
    const nb::object connections = import("vdk.host.connections");
    connection_ = SharedObject(connections.attr("open_duckdb")(make_str(file), make_str(settings)));
    error_class_ = SharedObject(connections.attr("duckdb_module")().attr("Error"));
    (void)import("duckdb");  // the engine's own module reads no Arrow streams without it
  });
}

DuckdbModuleStore::~DuckdbModuleStore() {
  try {
    call_python({}, [&] { connection_.get().attr("close")(); });
  } catch (const Error&) {
    // Everything was committed; there is nobody to tell that closing failed.
  }
}

void DuckdbModuleStore::rollback() noexcept {
  DuckdbTables::rollback();
  if (holds_rows_) forget_rows();
}

void DuckdbModuleStore::forget_rows() noexcept {
  holds_rows_ = false;
  try {
    call_python({}, [&] { connection_.get().attr("unregister")(kSource); });
  } catch (const Error&) {
    holds_rows_ = true;  // until the transaction has ended
  }
}

void DuckdbModuleStore::run(const std::string& sql) {
  check_sql(sql);
  with_engine([&] { connection_.get().attr("execute")(make_str(sql)); });
}

std::vector<std::vector<Value>> DuckdbModuleStore::query(const std::string& sql) {
  check_sql(sql);
  return with_engine([&] { return fetch_rows(connection_.get().attr("execute")(make_str(sql))); });
}

void DuckdbModuleStore::append(const TableShape& table, std::span<const std::size_t> into,
                               std::span<const Batch> batches) {
  if (batches.empty()) return;
  check_texts(batches);
  const std::string statement = insert_statement(table, into, kSource);
  check_sql(statement);
  with_engine(
      [&] {
        const nb::object rows =
            nb::cast(new ArrowBatches(std::vector<Batch>(batches.begin(), batches.end())),
                     nb::rv_policy::take_ownership);
        holds_rows_ = true;
        connection_.get().attr("register")(kSource, rows);
        connection_.get().attr("execute")(make_str(statement));
      },
      table.path.back());
  forget_rows();
}

SinkFactory duckdb_sink_factory() {
  return make_table_sink(
      [](const Configuration& configuration, std::string_view section,
         std::string_view) -> std::unique_ptr<TableStore> {
        return std::make_unique<DuckdbModuleStore>(
            configuration.get_string("duckdb_database", section),
            configuration.get_string("duckdb_configuration_dictionary", section),
            duckdb::type_mapping(configuration, section));
      },
      "duckdb_ingest_auto_create_table_enabled");
}

}  // namespace vdk
