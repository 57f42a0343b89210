#include "duckdb_store.hpp"

namespace vdk::duckdb {
namespace {

std::string message_of(const DuckdbError& error) {
  const ErrorText& text = error.text();
  return text.why.empty() ? text.what : text.what + '\n' + text.why;
}

}  // namespace

DuckdbStore::DuckdbStore(const Api& api, const Place& place, TypeMapping mapping)
    : DuckdbTables(place.path, mapping), connection_(api, place), rows_(connection_) {}

DuckdbStore::~DuckdbStore() = default;

void DuckdbStore::run(const std::string& sql) { (void)query(sql); }

std::vector<std::vector<Value>> DuckdbStore::query(const std::string& sql) {
  check_sql(sql);
  try {
    return connection_.query(sql);
  } catch (const DuckdbError& error) {
    throw_failure(message_of(error));
  }
}

void DuckdbStore::append(const TableShape& table, std::span<const std::size_t> into,
                         std::span<const Batch> batches) {
  if (batches.empty()) return;
  check_texts(batches);
  const std::string statement = insert_statement(table, into, rows_.sql());
  check_sql(statement);
  rows_.offer(batches);
  try {
    connection_.work_off(statement);
    rows_.withdraw();
  } catch (const DuckdbError& error) {
    rows_.withdraw();
    throw_failure(message_of(error), table.path.back());
  }
}

std::unique_ptr<TableStore> open_store(const Configuration& configuration, std::string_view section,
                                       std::string_view) {
  return std::make_unique<DuckdbStore>(load_api(configuration), configured_place(configuration),
                                       type_mapping(configuration, section));
}

}  // namespace vdk::duckdb
