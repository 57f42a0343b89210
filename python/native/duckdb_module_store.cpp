#include "duckdb_module_store.hpp"

#include <optional>

#include <nanobind/stl/string.h>

#include "arrow_batches.hpp"
#include "base/text.hpp"
#include "convert.hpp"
#include "data/batch_state.hpp"
#include "python_error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

namespace {

constexpr const char* kSource = "_vdk_rows";

bool is_text(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::decimal || type == ColumnType::json;
}

// Whether the column's texts are another library's, which made sure of them.
bool is_foreign(const Batch& batch, std::size_t column) {
  const auto& foreign = batch.state().foreign;
  return column < foreign.size() && foreign[column];
}

// Whether all of the column's texts are UTF-8; nulls, too, hold something.
bool is_utf8(const Column& column) {
  const std::string_view all(reinterpret_cast<const char*>(column.values.data()),
                             column.values.size());
  if (find_invalid_utf8(all)) return false;
  for (const std::int64_t offset : column.offsets) {
    const auto at = static_cast<std::size_t>(offset);
    const bool is_inside = at < all.size() && (static_cast<unsigned char>(all[at]) & 0xC0) == 0x80;
    if (is_inside) return false;
  }
  return true;
}

std::vector<std::size_t> rows_not_utf8(const Column& column, std::size_t rows) {
  std::vector<std::size_t> found;
  for (std::size_t row = 0; row < rows; ++row) {
    if (!column.is_null(row) && find_invalid_utf8(column.bytes(row))) found.push_back(row);
  }
  return found;
}

}  // namespace

// The engine takes Arrow's texts as they are: what is no UTF-8 would break its file.
void DuckdbModuleStore::check_texts(std::span<const Batch> batches) {
  std::size_t before = 0;
  for (const Batch& batch : batches) {
    for (std::size_t i = 0; i < batch.schema().size(); ++i) {
      if (!is_text(batch.schema()[i].type) || is_foreign(batch, i)) continue;
      const Column& column = batch.column(i);
      if (is_utf8(column)) continue;
      std::vector<std::size_t> rows = rows_not_utf8(column, batch.rows());
      for (std::size_t& row : rows) row += before;
      if (!rows.empty()) throw_not_utf8(column.field.name, std::move(rows));
    }
    before += batch.rows();
  }
}

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
