// DuckDB as a store for rows: its statements read our columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "duckdb_connection.hpp"
#include "duckdb_rows.hpp"
#include "duckdb_tables.hpp"

namespace vdk::duckdb {

class DuckdbStore final : public DuckdbTables {
 public:
  DuckdbStore(const Api& api, const Place& place, TypeMapping mapping = TypeMapping::native);
  ~DuckdbStore() override;

  void run(const std::string& sql) override;
  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) override;
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override;

 private:
  Connection connection_;
  RowsFunction rows_;
};

// The target is ignored, as upstream does: rows go to the configured database.
[[nodiscard]] std::unique_ptr<TableStore> open_store(const Configuration& configuration,
                                                     std::string_view section,
                                                     std::string_view target);

}  // namespace vdk::duckdb
