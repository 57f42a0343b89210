#include "sqlite_tables.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "vdk/base/log.hpp"
#include "vdk/connection/sql_name.hpp"

namespace vdk::sqlite {
namespace {

constexpr std::string_view kLogger = "vdk.sqlite";
constexpr std::string_view kMain = "main";
constexpr std::string_view kTemporary = "temp";
constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53U;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string text_of(const Value& value) {
  const std::string* text = value.if_string();
  return text ? *text : std::string();
}

// A declaration that ends in STRICT: the types are enforced.
bool is_strict(std::string_view declaration) {
  const auto end = declaration.rfind(')');
  if (end == std::string_view::npos) return false;
  const std::string options = lower_name(declaration.substr(end));
  return options.find("strict") != std::string::npos;
}

ColumnType holds(std::string_view declared_type, bool strict) {
  switch (affinity_of(declared_type)) {
    case Affinity::integer:
      return ColumnType::integer;
    case Affinity::real:
      return ColumnType::real;
    case Affinity::text:
      return ColumnType::text;
    case Affinity::none:
      return strict ? ColumnType::binary : ColumnType::null;
    case Affinity::numeric:  // also DATE, BOOLEAN and ANY
      return ColumnType::null;
  }
  return ColumnType::null;
}

// Whether SQLite reads the text as a number, as it does for columns of a numeric affinity.
bool reads_as_number(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return false;
  text = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  if (text.front() == '+' || text.front() == '-') text.remove_prefix(1);
  std::size_t digits = 0;
  const auto skip_digits = [&] {
    const auto end = std::ranges::find_if_not(text, is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count;
  };
  digits += skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  return text.empty();
}

// The code alone, as older modules of Python give it, with what the message adds.
int extended_code(int code, std::string_view message) {
  if (code != SQLITE_CONSTRAINT) return code;
  if (message.starts_with("NOT NULL ")) return SQLITE_CONSTRAINT_NOTNULL;
  if (message.starts_with("UNIQUE ")) return SQLITE_CONSTRAINT_UNIQUE;
  if (message.starts_with("CHECK ")) return SQLITE_CONSTRAINT_CHECK;
  if (message.starts_with("FOREIGN KEY ")) return SQLITE_CONSTRAINT_FOREIGNKEY;
  if (message.starts_with("cannot store ")) return SQLITE_CONSTRAINT_DATATYPE;
  return code;
}

// "NOT NULL constraint failed: t.a", "cannot store TEXT value in INTEGER column t.a".
std::string column_in(std::string_view message, std::string_view table) {
  const std::string prefix = std::string(table) + '.';
  const auto found = message.rfind(' ' + prefix);
  if (found == std::string_view::npos || message.find(", ") != std::string_view::npos) return {};
  return std::string(message.substr(found + 1 + prefix.size()));
}

}  // namespace

Affinity affinity_of(std::string_view declared_type) {
  const std::string type = lower_name(declared_type);
  const auto has = [&](std::string_view word) { return type.find(word) != std::string::npos; };
  if (has("int")) return Affinity::integer;
  if (has("char") || has("clob") || has("text")) return Affinity::text;
  if (declared_type.empty() || has("blob")) return Affinity::none;
  if (has("real") || has("floa") || has("doub")) return Affinity::real;
  return Affinity::numeric;
}

std::vector<std::string> parse_table_name(std::string_view text) {
  std::vector<std::string> parts;
  for (SqlName& part : parse_name(text, 2, SqlDialect::sqlite)) {
    parts.push_back(std::move(part.text));
  }
  if (parts.empty()) parts.emplace_back(text);
  return parts;
}

Refusal refusal_of(int code, std::string_view message, std::string_view table) {
  const int known = extended_code(code, message);
  switch (known) {
    case SQLITE_CONSTRAINT_NOTNULL:
      return {"not_null", column_in(message, table)};
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {"duplicate_key", column_in(message, table)};
    case SQLITE_CONSTRAINT_CHECK:
      return {"check", {}};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {"foreign_key", {}};
    case SQLITE_CONSTRAINT_DATATYPE:
      return {"wrong_type", column_in(message, table)};
    default:
      break;
  }
  switch (known & 0xff) {
    case SQLITE_CONSTRAINT:
      return {"constraint", {}};
    case SQLITE_MISMATCH:
      return {"wrong_type", {}};
    case SQLITE_TOOBIG:
      return {"too_big", {}};
    default:
      return {};
  }
}

std::string insert_statement(const TableShape& table, std::span<const std::size_t> into) {
  std::string columns;
  std::string values;
  const auto add = [&](const std::string& column, const std::string& value) {
    columns += (columns.empty() ? "" : ", ") + quote_name(column);
    values += (values.empty() ? "" : ", ") + value;
  };
  std::vector<bool> listed(table.columns.size());
  for (std::size_t i = 0; i < into.size(); ++i) {
    const TableColumn& column = table.columns[into[i]];
    listed[into[i]] = true;
    // The markers have no numbers: Python's module takes "?1" for a name, and that of 3.14 refuses
    // a sequence for names. What a row becomes must not depend on which other rows are in its
    // batch: a missing value is NULL, or the default where the table refuses NULL, whether its
    // column is listed or not.
    const bool defaulted = column.not_null && !column.default_value.empty();
    add(column.name, defaulted ? "coalesce(?, (" + column.default_value + "))" : "?");
  }
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const TableColumn& column = table.columns[i];
    if (!listed[i] && !column.default_value.empty() && !column.not_null) add(column.name, "NULL");
  }
  return "INSERT INTO " + quote_path(table.path) + " (" + columns + ") VALUES (" + values + ')';
}

Form form_for(ColumnType type, const TableColumn& into) noexcept {
  const Affinity affinity = affinity_of(into.type);
  if (type == ColumnType::real && affinity == Affinity::text) return Form::text_if_rounded;
  if (type == ColumnType::json && affinity != Affinity::text && affinity != Affinity::none) {
    return Form::no_big_integer;
  }
  return Form::as_it_is;
}

bool is_big_integer(std::string_view json) noexcept {
  constexpr std::size_t kShortest = 19;
  if (json.size() < kShortest) return false;
  const std::string_view digits = json.substr(json.front() == '-' ? 1 : 0);
  if (!std::ranges::all_of(digits, is_digit)) return false;
  std::int64_t value = 0;
  return std::from_chars(json.data(), json.data() + json.size(), value).ec != std::errc();
}

std::string exact_text(double value) {
  constexpr int kDigitsOfSqlite = 15;
  if (!std::isfinite(value)) return {};
  char text[40];
  const auto end =
      std::to_chars(text, std::end(text), value, std::chars_format::general, kDigitsOfSqlite).ptr;
  double read = 0;
  std::from_chars(text, end, read);
  if (read == value) return {};
  return {text, std::to_chars(text, std::end(text), value).ptr};
}

std::string target_file(const Configuration& configuration, std::string_view section,
                        std::string_view target) {
  if (!target.empty()) return std::string(target);
  std::string file = configuration.get_string("sqlite_file", section);
  if (!file.empty()) return file;
  throw user_error(
      {.what = "Failed to proceed with ingestion",
       .why = "Neither a target was given nor sqlite_file is configured.",
       .consequence = "The rows were not stored.",
       .countermeasure = "Pass the path of the database file as target, or set sqlite_file."});
}

SqliteTables::SqliteTables(std::string file, std::size_t most_columns) : file_(std::move(file)) {
  traits_.engine = "sqlite";
  traits_.unknown_columns = UnknownColumns::refuse;
  traits_.row_order = "_rowid_";
  traits_.holds_nan = false;
  traits_.most_columns = most_columns;
  traits_.holds_empty_names = true;
}

SqliteTables::~SqliteTables() = default;

void SqliteTables::begin() { run("BEGIN IMMEDIATE"); }

void SqliteTables::commit() {
  for (const std::string& table : temporary_) {
    run("DROP TABLE IF EXISTS " + quote_name(kTemporary) + '.' + quote_name(table));
  }
  run("COMMIT");
  temporary_.clear();
}

void SqliteTables::rollback() noexcept {
  temporary_.clear();
  try {
    // SQLite itself has rolled back after some failures.
    if (in_transaction()) run("ROLLBACK");
  } catch (const std::exception& error) {
    log(LogLevel::warning, kLogger,
        std::string("A transaction could not be rolled back: ") + error.what());
  }
}

TableShape SqliteTables::find_table(std::string_view name) {
  std::vector<std::string> parts = parse_table_name(name);
  if (parts.size() == 2) {
    for (const auto& row : query("SELECT name FROM pragma_database_list")) {
      if (lower_name(text_of(row.at(0))) == lower_name(parts.front())) {
        return read_table({text_of(row.at(0)), parts.back()});
      }
    }
    parts = {std::string(name)};  // no schema is called so: SQL could not say it
  }
  return read_table({std::string(kMain), parts.back()});
}

TableShape SqliteTables::read_table(const std::vector<std::string>& path) {
  const std::string& table = path.back();
  const std::string schema = path.size() > 1 ? path.front() : std::string(kMain);
  TableShape shape{.path = {schema, table}, .columns = {}};
  const auto found =
      query("SELECT name, sql FROM " + quote_name(schema) +
            ".sqlite_master WHERE type IN ('table', 'view') AND name = " + quote_text(table) +
            " COLLATE NOCASE");
  if (found.empty()) return shape;
  shape.path.back() = text_of(found.front().at(0));
  const bool strict = is_strict(text_of(found.front().at(1)));
  // Generated columns and those of virtual tables that are hidden take no values.
  for (const auto& row :
       query("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_xinfo(" +
             quote_text(shape.path.back()) + ", " + quote_text(schema) + ") WHERE hidden = 0")) {
    const std::string type = text_of(row.at(1));
    const std::int64_t* not_null = row.at(2).if_integer();
    const std::string default_value = text_of(row.at(3));
    shape.columns.push_back(
        {.name = text_of(row.at(0)),
         .type = type,
         .holds = holds(type, strict),
         .not_null = not_null && *not_null != 0,
         .default_value = lower_name(default_value) == "null" ? std::string() : default_value});
  }
  return shape;
}

std::string SqliteTables::fold(std::string_view name) const { return lower_name(name); }

// Names of types as upstream's plugin declares them.
std::string SqliteTables::column_type(const Column& column, std::size_t) {
  switch (column.field.type) {
    case ColumnType::boolean:
    case ColumnType::integer:
      return "INTEGER";
    case ColumnType::real:
      return "REAL";
    case ColumnType::binary:
      return "BLOB";
    default:
      return "TEXT";  // as upstream also for a column that nobody filled yet
  }
}

std::string SqliteTables::wider_type(const TableColumn& known, bool, const Column& column,
                                     std::size_t rows) {
  const Affinity affinity = affinity_of(known.type);
  if (affinity == Affinity::none || affinity == Affinity::text) return {};
  const auto any = [&](auto&& is_altered) {
    for (std::size_t row = 0; row < rows; ++row) {
      if (!column.is_null(row) && is_altered(row)) return true;
    }
    return false;
  };
  switch (column.field.type) {
    case ColumnType::integer:
      if (affinity == Affinity::real && any([&](std::size_t row) {
            const std::int64_t value = column.integer(row);
            return value > kExactInDouble || value < -kExactInDouble;
          })) {
        return "NUMERIC";
      }
      return {};
    case ColumnType::text:
    case ColumnType::decimal:
      return any([&](std::size_t row) { return reads_as_number(column.bytes(row)); })
                 ? "TEXT"
                 : std::string();
    case ColumnType::json:
      return any([&](std::size_t row) { return is_big_integer(column.bytes(row)); })
                 ? "TEXT"
                 : std::string();
    default:
      return {};
  }
}

void SqliteTables::change_type(const TableShape& table, const TableColumn& column,
                               const std::string& type) {
  const std::string alter = "ALTER TABLE " + quote_path(table.path);
  const std::string old_name = quote_name(column.name);
  std::string name = "_vdk_" + column.name;
  while (std::ranges::any_of(table.columns, [&](const TableColumn& other) {
    return lower_name(other.name) == lower_name(name);
  })) {
    name += '_';
  }
  const std::string new_name = quote_name(name);
  run(alter + " ADD COLUMN " + new_name + ' ' + type);
  // SQLite's own text of a double has 15 digits.
  const std::string value =
      affinity_of(type) == Affinity::text
          ? "CASE typeof(" + old_name + ") WHEN 'real' THEN CASE WHEN CAST(CAST(" + old_name +
                " AS TEXT) AS REAL) = " + old_name + " THEN " + old_name +
                " ELSE printf('%!.17g', " + old_name + ") END ELSE " + old_name + " END"
          : old_name;
  run("UPDATE " + quote_path(table.path) + " SET " + new_name + " = " + value);
  run(alter + " DROP COLUMN " + old_name);
  run(alter + " RENAME COLUMN " + new_name + " TO " + old_name);
}

TableShape SqliteTables::create_like(const TableShape& table, std::span<const std::size_t> columns,
                                     const std::string& name, bool temporary) {
  const std::vector<std::string> path{temporary ? std::string(kTemporary) : table.path.front(),
                                      name};
  std::string list;
  for (const std::size_t index : columns) {
    const TableColumn& column = table.columns[index];
    list += (list.empty() ? "" : ", ") + quote_name(column.name);
    if (!column.type.empty()) list += ' ' + quote_name(column.type);  // as it is, whatever it is
  }
  run("CREATE TABLE " + quote_path(path) + " (" + list + ')');
  if (temporary) temporary_.push_back(name);
  return read_table(path);
}

void SqliteTables::throw_failure(int code, std::string_view message,
                                 std::string_view during) const {
  ErrorText text{.what = std::string(message),
                 .why = "SQLite refused it, " + std::string(during) + "\nDatabase: " + file_};
  if (Refusal refusal = refusal_of(code, message, {}); !refusal.reason.empty()) {
    throw RowsRefused(std::move(text), std::move(refusal.reason));
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      text.why = "Another user of the file " + file_ +
                 " holds its lock: another process, or an open transaction or an unread result of "
                 "this job's own steps.";
      text.consequence = "The rows wait in vain and are not stored.";
      text.countermeasure =
          "End the other user's transaction, or raise sqlite_busy_timeout_seconds.";
      throw platform_error(std::move(text));
    case SQLITE_FULL:
      text.consequence = "The rows of this transaction are not stored.";
      text.countermeasure = "Free space on the disk that holds the database file.";
      throw platform_error(std::move(text));
    case SQLITE_READONLY:
      text.consequence = "No rows can be stored in it.";
      text.countermeasure = "Allow writing to the database file and to its directory.";
      throw platform_error(std::move(text));
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOMEM:
    case SQLITE_INTERNAL:
    case SQLITE_PROTOCOL:
      text.consequence = "The rows of this transaction are not stored.";
      throw platform_error(std::move(text));
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
      text.countermeasure = "Correct the path of the database file (sqlite_file, or the target).";
      throw configuration_error(std::move(text));
    default:
      throw user_error(std::move(text));
  }
}

void SqliteTables::check_sql(std::string_view sql) {
  if (sql.find('\0') == std::string_view::npos) return;
  throw user_error({.what = "The name of a table or of a column holds a NUL byte.",
                    .why = "SQLite would take it for the end of the statement.",
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Remove the byte from the name."});
}

bool SqliteTables::RefusedRows::add(int code, std::string_view message, const TableShape& table,
                                    std::size_t row) {
  Refusal refusal = refusal_of(code, message, table.path.back());
  if (refusal.reason.empty()) return false;
  add(std::move(refusal), message, row);
  return true;
}

void SqliteTables::RefusedRows::add(Refusal refusal, std::string_view message, std::size_t row) {
  if (rows_.empty()) {
    first_ = std::move(refusal);
    message_ = message;
  } else if (refusal != first_) {
    return;  // met again, without those of the first kind
  }
  rows_.push_back(row);
}

void SqliteTables::RefusedRows::throw_if_any(const TableShape& table) const {
  if (rows_.empty()) return;
  throw RowsRefused({.what = message_,
                     .why = "SQLite refused it, at row " + std::to_string(rows_.front() + 1) +
                            " of those on their way to the table " + table.path.back() + '.'},
                    first_.reason, first_.column, rows_);
}

}  // namespace vdk::sqlite
