// SQLite as a store for rows: one prepared statement per shape of rows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sqlite_connection.hpp"
#include "sqlite_tables.hpp"

namespace vdk::sqlite {

class SqliteStore final : public SqliteTables {
 public:
  explicit SqliteStore(std::shared_ptr<Database> database);
  ~SqliteStore() override;

  void run(const std::string& sql) override;
  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) override;
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override;

 protected:
  [[nodiscard]] bool in_transaction() const override;

 private:
  [[noreturn]] void fail(int code, std::string_view during) const;
  [[nodiscard]] Statement prepare(const std::string& sql, bool keep) const;
  // Kept; SQLite itself prepares it again where the schema has changed.
  [[nodiscard]] sqlite3_stmt* insert_for(const std::string& sql);

  std::shared_ptr<Database> database_;
  std::map<std::string, Statement> inserts_;  // by their text
};

// The target is the path of a database file, else the section's sqlite_file is used.
[[nodiscard]] std::unique_ptr<TableStore> open_store(const Configuration& configuration,
                                                     std::string_view section,
                                                     std::string_view target);

}  // namespace vdk::sqlite
