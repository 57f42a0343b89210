// What every store on SQLite does, however its host reaches the library: all that is SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/config/configuration.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk::sqlite {

// How a column converts what it is given (https://www.sqlite.org/datatype3.html).
enum class Affinity { none, text, numeric, integer, real };
[[nodiscard]] Affinity affinity_of(std::string_view declared_type);

// The names of a destination that reads as SQL: [schema,] table; anything else is one name.
[[nodiscard]] std::vector<std::string> parse_table_name(std::string_view text);

// A failure of the library where it is about values: the stable code of the reason, and the column
// if the message names a single one of the table's.
struct Refusal {
  std::string reason;  // empty where the failure is of another kind
  std::string column;
  bool operator==(const Refusal&) const = default;
};
[[nodiscard]] Refusal refusal_of(int code, std::string_view message, std::string_view table);

// The INSERT for rows whose n-th value is the parameter ?n, for the column into[n].
[[nodiscard]] std::string insert_statement(const TableShape& table,
                                           std::span<const std::size_t> into);

// How a value must travel so that the column keeps it.
enum class Form {
  as_it_is,
  text_if_rounded,  // a double whose text in SQLite (15 digits) is another number
  no_big_integer,   // the column would make a double of an integer beyond 64 bits
};
[[nodiscard]] Form form_for(ColumnType type, const TableColumn& into) noexcept;
// Why a row is refused for it.
inline constexpr std::string_view kNoBigInteger = "The column holds no integer beyond 64 bits.";
// Whether JSON text is an integer beyond 64 bits.
[[nodiscard]] bool is_big_integer(std::string_view json) noexcept;
// The shortest text that reads back as the value, where SQLite's own does not; else empty.
[[nodiscard]] std::string exact_text(double value);

// The target, else the section's sqlite_file. Throws Error (user) where both are empty.
[[nodiscard]] std::string target_file(const Configuration& configuration, std::string_view section,
                                      std::string_view target);

class SqliteTables : public TableStore {
 public:
  ~SqliteTables() override;
  [[nodiscard]] const StoreTraits& traits() const noexcept override { return traits_; }
  [[nodiscard]] std::string place() const override { return "the SQLite file " + file_; }

  void begin() override;
  // Temporary tables end with the transaction: they are dropped in it.
  void commit() override;
  void rollback() noexcept override;

  [[nodiscard]] TableShape find_table(std::string_view name) override;
  [[nodiscard]] TableShape read_table(const std::vector<std::string>& path) override;
  [[nodiscard]] std::string fold(std::string_view name) const override;

  [[nodiscard]] std::string column_type(const Column& column, std::size_t rows) override;
  // Columns take values of any type; a wider one is needed only where the affinity of the declared
  // type would alter values.
  [[nodiscard]] std::string wider_type(const TableColumn& known, bool is_empty,
                                       const Column& column, std::size_t rows) override;
  // SQLite cannot: the column is replaced by a new one, which is the last.
  void change_type(const TableShape& table, const TableColumn& column,
                   const std::string& type) override;
  // Names, types and order of columns; no constraints and no defaults.
  [[nodiscard]] TableShape create_like(const TableShape& table,
                                       std::span<const std::size_t> columns,
                                       const std::string& name, bool temporary) override;

 protected:
  SqliteTables(std::string file, std::size_t most_columns);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] virtual bool in_transaction() const = 0;

  // Throws what a failure of the library means to the core. `during` tells what was done.
  [[noreturn]] void throw_failure(int code, std::string_view message,
                                  std::string_view during) const;
  // Refuses SQL with a NUL byte, which would end it early.
  static void check_sql(std::string_view sql);

  // Gathers the rows that are refused for the same reason as the first one.
  class RefusedRows {
   public:
    // False where the failure is not about the row.
    bool add(int code, std::string_view message, const TableShape& table, std::size_t row);
    void add(Refusal refusal, std::string_view message, std::size_t row);
    // Throws RowsRefused where there are any.
    void throw_if_any(const TableShape& table) const;

   private:
    Refusal first_;
    std::string message_;
    std::vector<std::size_t> rows_;
  };

 private:
  std::string file_;
  StoreTraits traits_;
  std::vector<std::string> temporary_;  // tables of this transaction
};

}  // namespace vdk::sqlite
