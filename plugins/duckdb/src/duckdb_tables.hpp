// What every store on DuckDB does, however its host reaches the engine: all that is SQL.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/config/configuration.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk::duckdb {

// The names of a destination that reads as SQL: [[catalogue,] schema,] table; anything else is one
// name.
[[nodiscard]] std::vector<std::string> parse_table_name(std::string_view text);

// The narrowest DECIMAL of full width that holds every value of the column exactly, else VARCHAR.
[[nodiscard]] std::string decimal_type(const Column& column, std::size_t rows);

// A failure of the engine where it is about values: the stable code of the reason, and the column
// if the message names one of the table's. `message` is the engine's: its kind, a colon, and lines
// of text.
struct Refusal {
  std::string reason;  // empty where the failure is of another kind
  std::string column;
  bool operator==(const Refusal&) const = default;
};
[[nodiscard]] Refusal refusal_of(std::string_view message, std::string_view table);

enum class TypeMapping { native, upstream };
[[nodiscard]] TypeMapping type_mapping(const Configuration& configuration,
                                       std::string_view section);

class DuckdbTables : public TableStore {
 public:
  ~DuckdbTables() override;
  [[nodiscard]] const StoreTraits& traits() const noexcept override { return traits_; }
  [[nodiscard]] std::string place() const override { return "the DuckDB database " + file_; }

  // Transactions are optimistic: nothing is locked, and what meets another's change is undone.
  void begin() override;
  // Temporary tables end with the transaction: they are dropped in it.
  void commit() override;
  void rollback() noexcept override;

  [[nodiscard]] TableShape find_table(std::string_view name) override;
  [[nodiscard]] TableShape read_table(const std::vector<std::string>& path) override;
  [[nodiscard]] std::string fold(std::string_view name) const override;

  [[nodiscard]] std::string column_type(const Column& column, std::size_t rows) override;
  [[nodiscard]] std::string wider_type(const TableColumn& known, bool is_empty,
                                       const Column& column, std::size_t rows) override;
  // Text instead, where a number in the table would be rounded.
  void change_type(const TableShape& table, const TableColumn& column,
                   const std::string& type) override;
  // Names, types and order of columns; no constraints and no defaults.
  [[nodiscard]] TableShape create_like(const TableShape& table,
                                       std::span<const std::size_t> columns,
                                       const std::string& name, bool temporary) override;

 protected:
  DuckdbTables(std::string file, TypeMapping mapping, bool takes_arrow = false);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  // Inserts what `source`, a table's name in SQL, has: its n-th column goes to into[n]. As
  // upstream, columns that are not listed take their defaults; of those listed, a missing value is
  // NULL, or the default where the table refuses NULL.
  [[nodiscard]] static std::string insert_statement(const TableShape& table,
                                                    std::span<const std::size_t> into,
                                                    std::string_view source);

  // Throws what a failure of the engine means to the core.
  [[noreturn]] void throw_failure(std::string_view message, std::string_view table = {}) const;
  // Refuses SQL with a NUL byte, which would end it early.
  static void check_sql(std::string_view sql);
  // The engine takes Arrow's texts as they are: what is no UTF-8 would break its file.
  static void check_texts(std::span<const Batch> batches);

 private:
  [[nodiscard]] TableShape look_up(const std::string& catalog, const std::string& schema,
                                   const std::string& table, bool exactly);
  void ask_where_we_are();
  [[nodiscard]] bool has_json();

  std::string file_;
  TypeMapping mapping_;
  StoreTraits traits_;
  std::string catalog_;  // where unqualified names are; empty until it was asked
  std::string schema_;
  std::optional<bool> has_json_;
  bool in_transaction_ = false;
  std::vector<std::string> temporary_;  // tables of this transaction
};

}  // namespace vdk::duckdb
