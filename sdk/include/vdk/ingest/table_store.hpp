// A database as ingestion sees it. A store only speaks its engine's language; creating and evolving
// tables, contracts, dispositions, the ledger and retries are the core's (make_table_sink), so they
// are the same for every engine.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// The engine refuses values: a constraint, a range, a type. `rows` are their indices, counted over
// the batches of the append, where the store knows them; else the core looks for them by halves.
class VDK_API RowsRefused : public Error {
 public:
  RowsRefused(ErrorText text, std::string reason, std::string column = {},
              std::vector<std::size_t> rows = {});
  ~RowsRefused() override;
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }  // Rejection::reason
  [[nodiscard]] const std::string& column() const noexcept { return column_; }
  [[nodiscard]] const std::vector<std::size_t>& rows() const noexcept { return rows_; }

 private:
  std::string reason_;
  std::string column_;
  std::vector<std::size_t> rows_;
};

// The transaction met another one and was undone; the same again may succeed.
class VDK_API TransactionConflict : public Error {
 public:
  explicit TransactionConflict(ErrorText text);
  ~TransactionConflict() override;
};

// The connection is gone; whether a commit that was under way succeeded is not known.
class VDK_API ConnectionLost : public Error {
 public:
  explicit ConnectionLost(ErrorText text);
  ~ConnectionLost() override;
};

// The account may not do this. The core goes on without the ledger where it was not demanded.
class VDK_API PermissionDenied : public Error {
 public:
  explicit PermissionDenied(ErrorText text);
  ~PermissionDenied() override;
};

struct TableColumn {
  std::string name;  // as the catalogue spells it
  std::string type;  // as the engine spells it
  // The widest of our types whose values the column stores exactly; `null` where anything goes.
  ColumnType holds = ColumnType::null;
  bool not_null = false;
  std::string default_value{};  // SQL; empty: none
};

struct TableShape {
  // [catalogue,] [schema,] table, as the catalogue spells them: where the table is, or where a new
  // one of that name would be.
  std::vector<std::string> path;
  std::vector<TableColumn> columns;  // those that rows can fill; empty where there is no table
  [[nodiscard]] bool exists() const noexcept { return !columns.empty(); }
};

// What a table does that no load created when rows have a column that it lacks: what upstream's
// plugin of the engine did.
enum class UnknownColumns {
  refuse,
  drop,
  drop_unless_in_first_row,  // refused where the first row of the batch has it
};

// What an engine does its own way. Conformance tests read their expectations from here.
struct StoreTraits {
  std::string engine;  // "sqlite": in messages
  UnknownColumns unknown_columns = UnknownColumns::refuse;
  std::string row_order = "rowid";  // orders the rows of a temporary table
  bool indexes_merge_keys = true;   // a merge without an index would read the table for each row
  bool ddl_joins_rows = true;       // a table may be made in the transaction that fills it
  bool rewrites_when_widening = false;  // a wider type rewrites the table's rows
  bool holds_nul_in_text = true;        // U+0000 in text
  bool holds_nan = true;                // else NaN becomes NULL
  bool holds_empty_names = false;       // a column may have the name ""
  bool takes_arrow = false;             // appends columns from another library's memory
  std::size_t row_group = 1;            // rows that are best stored together
  std::size_t most_columns = 0;         // 0: no limit to speak of
  std::size_t longest_name = 0;         // bytes; 0: no limit to speak of
};

// One connection to one database. One thread at a time, not always the same. Every method throws
// Error, or one of the four above where it fits. After anything but ConnectionLost the store can be
// used again once rollback() was called.
class VDK_API TableStore {
 public:
  virtual ~TableStore();
  [[nodiscard]] virtual const StoreTraits& traits() const noexcept = 0;
  // For messages: "the file x.db"; never a credential.
  [[nodiscard]] virtual std::string place() const = 0;

  // begin() takes the lock that writing needs where the engine has a single writer, and waits for
  // it within bounds. rollback() does nothing outside a transaction.
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  // One statement of ours, in the standard's quoting ("name", 'text').
  virtual void run(const std::string& sql) = 0;
  [[nodiscard]] virtual std::vector<std::vector<Value>> query(const std::string& sql) = 0;

  // What a destination's name means. It is first read as unquoted SQL: split at dots, folded by the
  // engine, looked up in the catalogue; what that cannot express is one name as it stands. Never
  // from a cache that another connection's changes would make wrong.
  [[nodiscard]] virtual TableShape find_table(std::string_view name) = 0;
  // The table at exactly this path.
  [[nodiscard]] virtual TableShape read_table(const std::vector<std::string>& path) = 0;
  // How the engine compares names of columns where no exact one matches: folds what it folds.
  [[nodiscard]] virtual std::string fold(std::string_view name) const = 0;
  // The name that a new column gets: as the engine reads it unquoted, where it can be.
  [[nodiscard]] virtual std::string new_column_name(std::string_view name) const;

  // Keeps others from changing this table's definition until the transaction ends, also where it
  // does not exist yet. Nothing where begin() does.
  virtual void lock_definition(const TableShape& table);

  // The type of a new column for these values, which are there only where their type is decimal.
  [[nodiscard]] virtual std::string column_type(const Column& column, std::size_t rows) = 0;
  // The type that the column needs to hold these values too; empty where its own will do or none
  // would. `is_empty`: no row has a value there yet.
  [[nodiscard]] virtual std::string wider_type(const TableColumn& known, bool is_empty,
                                               const Column& column, std::size_t rows) = 0;
  virtual void change_type(const TableShape& table, const TableColumn& column,
                           const std::string& type) = 0;

  // A table without rows, with these columns of another; a temporary one ends with the transaction.
  [[nodiscard]] virtual TableShape create_like(const TableShape& table,
                                               std::span<const std::size_t> columns,
                                               const std::string& name, bool temporary) = 0;

  // The engine's bulk path. All batches export alike (Batch::exports_alike); their n-th column
  // goes to table.columns[into[n]], converted to its type as the engine would convert it. A column
  // that gets no value takes NULL, or its default where it refuses NULL.
  virtual void append(const TableShape& table, std::span<const std::size_t> into,
                      std::span<const Batch> batches) = 0;
};

// Opens a store for a target with the options of a configuration section. Any thread.
using StoreFactory = std::function<std::unique_ptr<TableStore>(
    const Configuration&, std::string_view section, std::string_view target)>;

// A sink for tables: all rules of loads on any store. Stores are opened as needed, one for each
// write under way, and shared by the loads of one section and target. `create_option`: the engine's
// own boolean option that allows missing tables to be created, beside ingest_create_tables.
[[nodiscard]] VDK_API SinkFactory make_table_sink(StoreFactory open,
                                                  std::string create_option = {});

[[nodiscard]] VDK_API std::string quote_name(std::string_view name);  // "a""b"
[[nodiscard]] VDK_API std::string quote_text(std::string_view text);  // 'a''b'
[[nodiscard]] VDK_API std::string quote_path(std::span<const std::string> path);

}  // namespace vdk
