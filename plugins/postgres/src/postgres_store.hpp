// PostgreSQL as a store for rows: its COPY in binary, and a catalogue that is always asked anew.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_column.hpp"
#include "postgres_error.hpp"
#include "postgres_session.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk::postgres {

// Waits for locks are bounded: after ten seconds they are a TransactionConflict, unless the account
// or the DSN sets lock_timeout itself.
class PostgresStore final : public TableStore {
 public:
  explicit PostgresStore(std::unique_ptr<Session> session);
  ~PostgresStore() override;

  [[nodiscard]] const StoreTraits& traits() const noexcept override { return traits_; }
  [[nodiscard]] std::string place() const override { return "the " + session_->place(); }

  void begin() override;
  void commit() override;
  void rollback() noexcept override;

  void run(const std::string& sql) override;
  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) override;

  [[nodiscard]] TableShape find_table(std::string_view name) override;
  [[nodiscard]] TableShape read_table(const std::vector<std::string>& path) override;
  [[nodiscard]] std::string fold(std::string_view name) const override;
  [[nodiscard]] std::string new_column_name(std::string_view name) const override;
  void lock_definition(const TableShape& table) override;

  [[nodiscard]] std::string column_type(const Column& column, std::size_t rows) override;
  [[nodiscard]] std::string wider_type(const TableColumn& known, bool is_empty,
                                       const Column& column, std::size_t rows) override;
  // numeric instead of double precision, where an integer in the table would be rounded.
  void change_type(const TableShape& table, const TableColumn& column,
                   const std::string& type) override;
  // With the defaults and NOT NULL of the other's columns unless it is temporary.
  [[nodiscard]] TableShape create_like(const TableShape& table,
                                       std::span<const std::size_t> columns,
                                       const std::string& name, bool temporary) override;

  // COPY in binary; as text where a column's type, or a value, is the server's alone to read; by
  // way of a temporary table where COPY cannot go (views, rules, row security) or where some rows
  // take a default.
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override;

 private:
  // What an append must know of a table beside its shape.
  struct TableFacts {
    bool takes_copy = true;
    bool has_triggers = false;  // which may fill in what is missing
    std::vector<TableColumn> columns{};
    std::vector<Kind> kinds{};
  };
  struct AppendPlan;

  [[nodiscard]] TableShape look_up(const std::string& condition);
  [[nodiscard]] Kind kind_behind(const Value& domain);
  [[nodiscard]] const TableFacts& facts_of(const TableShape& table);
  void copy(const AppendPlan& plan, const TableShape& table);
  void insert_by_way_of_copy(const AppendPlan& plan, const TableShape& table);

  // Throws what a failure means to the core. `during`: a COPY, or SQL.
  enum class During { sql, append };
  [[noreturn]] void fail(const PostgresError& error, During during, std::string_view table = {},
                         std::size_t rows = 0);

  std::unique_ptr<Session> session_;
  StoreTraits traits_;
  std::map<std::vector<std::string>, TableFacts> facts_;  // by path, as last read
};

// The target is ignored, as upstream does: rows go to the section's database. Throws ConnectionLost
// where the server cannot take the connection now.
[[nodiscard]] std::unique_ptr<TableStore> open_store(const Engine& engine,
                                                     const Configuration& configuration,
                                                     std::string_view section);

}  // namespace vdk::postgres
