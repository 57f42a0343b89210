#include "duckdb_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "vdk/base/log.hpp"
#include "vdk/base/utf8.hpp"
#include "vdk/connection/sql_name.hpp"

namespace vdk::duckdb {
namespace {

constexpr std::string_view kLogger = "vdk.duckdb";
constexpr std::size_t kMaximumDecimalDigits = 38;
constexpr std::size_t kIntegerDigits = 19;
constexpr std::string_view kText = "VARCHAR";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string text_of(const Value& value) {
  const std::string* text = value.if_string();
  return text ? *text : std::string();
}

bool is_true(const Value& value) {
  const bool* flag = value.if_bool();
  return flag && *flag;
}

struct DecimalDigits {
  std::size_t whole = 0;
  std::size_t fraction = 0;
  bool plain = true;  // false: an exponent, NaN, infinity
};

DecimalDigits digits_of(const Column& column, std::size_t rows) {
  DecimalDigits most;
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.is_null(row)) continue;
    std::string_view text = column.bytes(row);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const auto point = std::min(text.find('.'), text.size());
    std::string_view whole = text.substr(0, point);
    const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
    if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) {
      most.plain = false;
    }
    while (whole.starts_with('0')) whole.remove_prefix(1);
    most.whole = std::max(most.whole, whole.size());
    most.fraction = std::max(most.fraction, fraction.size());
  }
  return most;
}

std::string decimal_of(const DecimalDigits& digits) {
  if (!digits.plain || digits.whole + digits.fraction > kMaximumDecimalDigits) {
    return std::string(kText);
  }
  return "DECIMAL(" + std::to_string(kMaximumDecimalDigits) + "," +
         std::to_string(digits.fraction) + ")";
}

// The digits before and behind the point of DECIMAL(width,scale).
DecimalDigits digits_of(std::string_view decimal_type) {
  const auto number = [&](std::size_t from) {
    std::size_t value = 0;
    for (; from < decimal_type.size() && is_digit(decimal_type[from]); ++from) {
      value = value * 10 + static_cast<std::size_t>(decimal_type[from] - '0');
    }
    return value;
  };
  const auto open = decimal_type.find('(');
  const auto comma = decimal_type.find(',');
  if (open == std::string_view::npos || comma == std::string_view::npos) return {};
  const std::size_t scale = number(comma + 1);
  return {.whole = number(open + 1) - scale, .fraction = scale};
}

// What a column of the engine's type is among ours; `null` where it is none of them.
ColumnType family_of(std::string_view type) {
  constexpr std::pair<std::string_view, ColumnType> kFamilies[] = {
      {"BOOLEAN", ColumnType::boolean},     {"TINYINT", ColumnType::integer},
      {"SMALLINT", ColumnType::integer},    {"INTEGER", ColumnType::integer},
      {"BIGINT", ColumnType::integer},      {"HUGEINT", ColumnType::integer},
      {"UTINYINT", ColumnType::integer},    {"USMALLINT", ColumnType::integer},
      {"UINTEGER", ColumnType::integer},    {"UBIGINT", ColumnType::integer},
      {"UHUGEINT", ColumnType::integer},    {"FLOAT", ColumnType::real},
      {"DOUBLE", ColumnType::real},         {"VARCHAR", ColumnType::text},
      {"BLOB", ColumnType::binary},         {"DATE", ColumnType::date},
      {"TIMESTAMP", ColumnType::timestamp}, {"TIMESTAMP WITH TIME ZONE", ColumnType::timestamp_tz},
      {"JSON", ColumnType::json},
  };
  if (type.starts_with("DECIMAL(") && type.ends_with(')')) return ColumnType::decimal;
  const auto* known =
      std::ranges::find(kFamilies, type, &std::pair<std::string_view, ColumnType>::first);
  return known == std::end(kFamilies) ? ColumnType::null : known->second;
}

bool integer_fits(std::string_view type, std::int64_t value) {
  const auto in = [&]<class T>(T) {
    return value >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
           value <= static_cast<std::int64_t>(std::numeric_limits<T>::max());
  };
  if (type == "TINYINT") return in(std::int8_t{});
  if (type == "SMALLINT") return in(std::int16_t{});
  if (type == "INTEGER") return in(std::int32_t{});
  if (type == "UTINYINT") return in(std::uint8_t{});
  if (type == "USMALLINT") return in(std::uint16_t{});
  if (type == "UINTEGER") return in(std::uint32_t{});
  return !type.starts_with('U') || value >= 0;
}

bool is_exact_in(std::string_view real_type, std::int64_t value) {
  const std::int64_t most = std::int64_t{1} << (real_type == "FLOAT" ? 24U : 53U);
  return value >= -most && value <= most;
}

template <class Fits>
bool all(const Column& column, std::size_t rows, Fits fits) {
  for (std::size_t row = 0; row < rows; ++row) {
    if (!column.is_null(row) && !fits(row)) return false;
  }
  return true;
}

std::size_t count_digits(std::int64_t value) {
  return value == 0 ? 0 : std::to_string(value).size() - (value < 0 ? 1 : 0);
}

// Whether a column of the type holds every value as it is.
bool fits(std::string_view type, const Column& column, std::size_t rows) {
  const ColumnType family = family_of(type);
  const ColumnType given = column.field.type;
  if (family == ColumnType::text || given == ColumnType::null) return true;
  if (given == ColumnType::integer) {
    const auto every = [&](auto holds) {
      return all(column, rows, [&](std::size_t row) { return holds(column.integer(row)); });
    };
    switch (family) {
      case ColumnType::integer:
        return every([&](std::int64_t value) { return integer_fits(type, value); });
      case ColumnType::real:
        return every([&](std::int64_t value) { return is_exact_in(type, value); });
      case ColumnType::decimal:
        return every([most = digits_of(type).whole](std::int64_t value) {
          return count_digits(value) <= most;
        });
      default:
        return family == ColumnType::json;
    }
  }
  if (given == ColumnType::real) {
    const auto every = [&](auto holds) {
      return all(column, rows, [&](std::size_t row) { return holds(column.real(row)); });
    };
    if (family == ColumnType::json) {
      return every([](double value) { return std::isfinite(value); });
    }
    return family == ColumnType::real &&
           (type == "DOUBLE" || every([](double value) {
              return std::isnan(value) || static_cast<double>(static_cast<float>(value)) == value;
            }));
  }
  if (given == ColumnType::decimal && family == ColumnType::decimal) {
    const DecimalDigits needed = digits_of(column, rows);
    const DecimalDigits there = digits_of(type);
    return needed.plain && needed.whole <= there.whole && needed.fraction <= there.fraction;
  }
  if (given == ColumnType::decimal && family == ColumnType::json) {
    return digits_of(column, rows).plain;
  }
  return unite(family, given) == family && family != ColumnType::decimal;
}

struct Kind {
  std::string_view kind;
  std::string_view text;
};

// "Constraint Error: NOT NULL constraint failed: t.a"
Kind split_message(std::string_view message) {
  constexpr std::string_view kError = " Error: ";
  const auto found = message.find(kError);
  if (found == std::string_view::npos ||
      message.substr(0, found).find('\n') != std::string_view::npos) {
    return {{}, message};
  }
  return {message.substr(0, found), message.substr(found + kError.size())};
}

// "Could not convert string '9223372036854775808' to INT64": the text is an integer, too large.
bool tells_of_integer(std::string_view text) {
  constexpr std::string_view kBegin = "Could not convert string '";
  const auto begin = text.find(kBegin);
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin + kBegin.size());
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  return end > 0 &&
         (text.substr(end).starts_with("' to INT") || text.substr(end).starts_with("' to UINT"));
}

ErrorText text_of_failure(std::string_view message) {
  const auto line_end = std::min(message.find('\n'), message.size());
  std::string_view rest = message.substr(line_end);
  while (rest.starts_with('\n')) rest.remove_prefix(1);
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  return {.what = std::string(message.substr(0, line_end)), .why = std::string(rest)};
}

bool is_text(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::decimal || type == ColumnType::json;
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

[[noreturn]] void throw_not_utf8(const std::string& column, std::vector<std::size_t> rows) {
  ErrorText text{.what = "The text in column " + column + " is not UTF-8.",
                 .why = "It is in row " + std::to_string(rows.front() + 1) +
                        " of those on their way to the table.",
                 .countermeasure = "Send it as bytes, or decode it first."};
  throw RowsRefused(std::move(text), "not_utf8", column, std::move(rows));
}

}  // namespace

std::vector<std::string> parse_table_name(std::string_view text) {
  constexpr std::size_t kMostParts = 3;
  std::vector<std::string> parts;
  for (SqlName& part : parse_name(text, kMostParts, SqlDialect::postgres)) {
    parts.push_back(std::move(part.text));
  }
  if (parts.empty()) parts.emplace_back(text);
  return parts;
}

std::string decimal_type(const Column& column, std::size_t rows) {
  return decimal_of(digits_of(column, rows));
}

Refusal refusal_of(std::string_view message, std::string_view table) {
  const Kind split = split_message(message);
  const std::string_view kind = split.kind;
  const std::string_view text = split.text;
  const auto says = [text](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  };
  if (kind == "Constraint") {
    if (says("NOT NULL ")) {
      const auto line = text.substr(0, text.find('\n'));
      const std::string prefix = ": " + std::string(table) + '.';
      const auto found = line.rfind(prefix);
      const bool is_named = !table.empty() && found != std::string_view::npos;
      return {"not_null", is_named ? std::string(line.substr(found + prefix.size())) : ""};
    }
    if (says("uplicate key")) return {"duplicate_key", {}};
    if (says("CHECK ")) return {"check", {}};
    if (says("foreign key")) return {"foreign_key", {}};
    return {"constraint", {}};
  }
  if (kind == "Out of Range") return {"out_of_range", {}};
  if (kind == "Conversion") {
    return {says("out of range") || tells_of_integer(text) ? "out_of_range" : "wrong_type", {}};
  }
  if (kind == "Invalid Input" || kind == "Mismatch Type") return {"wrong_type", {}};
  return {};
}

TypeMapping type_mapping(const Configuration& configuration, std::string_view section) {
  std::string mapping = configuration.get_string("ingest_type_mapping", section);
  if (mapping.empty()) mapping = configuration.get_string("ingest_type_mapping");
  return mapping == "upstream" ? TypeMapping::upstream : TypeMapping::native;
}

DuckdbTables::DuckdbTables(std::string file, TypeMapping mapping, bool takes_arrow)
    : file_(std::move(file)), mapping_(mapping) {
  traits_.engine = "duckdb";
  traits_.takes_arrow = takes_arrow;
  traits_.row_group = kMostBatchRows;
  traits_.unknown_columns = UnknownColumns::drop_unless_in_first_row;
  traits_.indexes_merge_keys = false;  // joins by hashing; an index would forbid wider types
}

DuckdbTables::~DuckdbTables() = default;

void DuckdbTables::begin() {
  run("BEGIN TRANSACTION");
  in_transaction_ = true;
}

void DuckdbTables::commit() {
  for (const std::string& table : temporary_) {
    run("DROP TABLE IF EXISTS temp.main." + quote_name(table));
  }
  temporary_.clear();
  in_transaction_ = false;  // a commit that fails ends the transaction as well
  run("COMMIT");
}

void DuckdbTables::rollback() noexcept {
  temporary_.clear();
  if (!std::exchange(in_transaction_, false)) return;
  try {
    run("ROLLBACK");
  } catch (const std::exception& error) {
    log(LogLevel::debug, kLogger,
        std::string("The engine had ended the transaction already: ") + error.what());
  }
}

void DuckdbTables::ask_where_we_are() {
  if (!catalog_.empty()) return;
  const auto rows = query("SELECT current_database(), current_schema()");
  catalog_ = text_of(rows.at(0).at(0));
  schema_ = text_of(rows.at(0).at(1));
}

TableShape DuckdbTables::find_table(std::string_view name) {
  ask_where_we_are();
  const std::vector<std::string> parts = parse_table_name(name);
  if (parts.size() == 1) return look_up(catalog_, schema_, parts.front(), false);

  // The places that the qualifiers may mean, the likeliest first.
  std::vector<std::pair<std::string, std::string>> places;
  for (const auto& row : query("SELECT database_name, schema_name FROM duckdb_schemas()")) {
    const std::string catalog = text_of(row.at(0));
    const std::string schema = text_of(row.at(1));
    if (parts.size() == 3) {
      if (lower_name(catalog) == lower_name(parts[0]) &&
          lower_name(schema) == lower_name(parts[1])) {
        places.emplace_back(catalog, schema);
      }
    } else if (catalog == catalog_ && lower_name(schema) == lower_name(parts[0])) {
      places.emplace(places.begin(), catalog, schema);
    } else if (lower_name(catalog) == lower_name(parts[0]) && schema == "main") {
      places.emplace_back(catalog, schema);
    }
  }
  std::optional<TableShape> first;
  for (const auto& [catalog, schema] : places) {
    TableShape found = look_up(catalog, schema, parts.back(), false);
    if (found.exists()) return found;
    if (!first) first = std::move(found);
  }
  if (first) return *std::move(first);

  TableShape as_it_stands = look_up(catalog_, schema_, std::string(name), false);
  if (as_it_stands.exists()) return as_it_stands;
  const std::vector<std::string> qualifiers(parts.begin(), parts.end() - 1);
  throw user_error({.what = "There is no schema " + quote_path(qualifiers) + " for the table " +
                            std::string(name) + '.',
                    .why = "The name of a table is split at its dots.",
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Create the schema, correct the name, or write " +
                                      quote_name(name) + " for a name with dots."});
}

TableShape DuckdbTables::read_table(const std::vector<std::string>& path) {
  ask_where_we_are();
  const std::size_t parts = path.size();
  return look_up(parts > 2 ? path[0] : catalog_, parts > 1 ? path[parts - 2] : schema_, path.back(),
                 true);
}

TableShape DuckdbTables::look_up(const std::string& catalog, const std::string& schema,
                                 const std::string& table, bool exactly) {
  TableShape shape{.path = {catalog, schema, table}, .columns = {}};
  const std::string same_name =
      exactly ? "table_name = " + quote_text(table)
              : "lower(table_name) = lower(" + quote_text(table) + ")";  // and beyond ASCII
  for (const auto& row :
       query("SELECT table_name, column_name, data_type, NOT is_nullable, column_default "
             "FROM duckdb_columns() WHERE database_name = " +
             quote_text(catalog) + " AND schema_name = " + quote_text(schema) + " AND " +
             same_name + " AND NOT is_generated ORDER BY column_index")) {
    const std::string name = text_of(row.at(0));
    if (lower_name(name) != lower_name(table)) continue;
    shape.path.back() = name;
    const std::string default_value = text_of(row.at(4));
    shape.columns.push_back(
        {.name = text_of(row.at(1)),
         .type = text_of(row.at(2)),
         .holds = family_of(text_of(row.at(2))),
         .not_null = is_true(row.at(3)),
         .default_value = lower_name(default_value) == "null" ? std::string() : default_value});
  }
  return shape;
}

std::string DuckdbTables::fold(std::string_view name) const { return lower_name(name); }

bool DuckdbTables::has_json() {
  if (!has_json_) {
    has_json_ = is_true(
        query(
            "SELECT count(*) > 0 FROM duckdb_extensions() WHERE extension_name = 'json' AND loaded")
            .at(0)
            .at(0));
  }
  return *has_json_;
}

std::string DuckdbTables::column_type(const Column& column, std::size_t rows) {
  const ColumnType type = column.field.type;
  if (mapping_ == TypeMapping::upstream) {
    if (type == ColumnType::boolean || type == ColumnType::integer) return "INTEGER";
    return type == ColumnType::real ? "FLOAT" : std::string(kText);
  }
  switch (type) {
    case ColumnType::boolean:
      return "BOOLEAN";
    case ColumnType::integer:
      return "BIGINT";
    case ColumnType::real:
      return "DOUBLE";
    case ColumnType::binary:
      return "BLOB";
    case ColumnType::date:
      return "DATE";
    case ColumnType::timestamp:
      return "TIMESTAMP";
    case ColumnType::timestamp_tz:
      return "TIMESTAMP WITH TIME ZONE";
    case ColumnType::decimal:
      return decimal_type(column, rows);
    case ColumnType::json:
      return has_json() ? "JSON" : std::string(kText);
    case ColumnType::null:
    case ColumnType::text:
      break;
  }
  return std::string(kText);
}

std::string DuckdbTables::wider_type(const TableColumn& known, bool is_empty, const Column& column,
                                     std::size_t rows) {
  const ColumnType family = family_of(known.type);
  const ColumnType given = column.field.type;
  if (mapping_ == TypeMapping::upstream || family == ColumnType::null ||
      given == ColumnType::null) {
    return {};
  }
  // A column that began without values is text until it has one.
  const bool unsettled = is_empty && family == ColumnType::text;
  if (!unsettled && fits(known.type, column, rows)) return {};
  std::string type = std::string(kText);
  if (is_empty) {
    type = column_type(column, rows);
  } else if (const ColumnType target = unite(family, given); target == ColumnType::integer) {
    type = known.type.starts_with('U') ? "HUGEINT" : "BIGINT";
  } else if (target == ColumnType::real) {
    type = fits("DOUBLE", column, rows) ? "DOUBLE" : kText;
  } else if (target == ColumnType::decimal) {
    if (family != ColumnType::real && given != ColumnType::real) {
      DecimalDigits digits;
      if (given == ColumnType::decimal) digits = digits_of(column, rows);
      if (family != ColumnType::decimal || given != ColumnType::decimal) {
        digits.whole = std::max(digits.whole, kIntegerDigits);
      }
      if (family == ColumnType::decimal) {
        digits.fraction = std::max(digits.fraction, digits_of(known.type).fraction);
      }
      type = decimal_of(digits);
    }
  } else {
    type = column_type(Column{.field = {column.field.name, target}}, 0);
  }
  return type == known.type ? std::string() : type;
}

void DuckdbTables::change_type(const TableShape& table, const TableColumn& column,
                               const std::string& type) {
  const std::string name = quote_name(column.name);
  std::string target = type;
  if (type != kText) {
    const std::string changed = "TRY_CAST(" + name + " AS " + type + ")";
    const auto rows = query("SELECT count(*) > 0 FROM " + quote_path(table.path) + " WHERE " +
                            name + " IS NOT NULL AND (" + changed + " IS NULL OR TRY_CAST(" +
                            changed + " AS " + column.type + ") IS DISTINCT FROM " + name + ")");
    if (is_true(rows.at(0).at(0))) target = kText;
  }
  run("ALTER TABLE " + quote_path(table.path) + " ALTER COLUMN " + name + " TYPE " + target);
}

TableShape DuckdbTables::create_like(const TableShape& table, std::span<const std::size_t> columns,
                                     const std::string& name, bool temporary) {
  std::vector<std::string> path = table.path;
  if (temporary) path = {"temp", "main", {}};
  path.back() = name;
  std::string list;
  for (const std::size_t index : columns) {
    const TableColumn& column = table.columns[index];
    list += (list.empty() ? "" : ", ") + quote_name(column.name) + ' ' + column.type;
  }
  run((temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + quote_path(path) + " (" + list +
      ')');
  if (temporary) temporary_.push_back(name);
  return read_table(path);
}

std::string DuckdbTables::insert_statement(const TableShape& table,
                                           std::span<const std::size_t> into,
                                           std::string_view source) {
  std::string columns;
  std::string names;
  std::string values;
  const auto add = [](std::string& list, const std::string& item) {
    if (!list.empty()) list += ", ";
    list += item;
  };
  for (std::size_t i = 0; i < into.size(); ++i) {
    const TableColumn& column = table.columns[into[i]];
    const std::string value = "c" + std::to_string(i);
    const bool defaulted = column.not_null && !column.default_value.empty();
    add(columns, quote_name(column.name));
    add(names, value);
    add(values, defaulted ? "coalesce(CAST(" + value + " AS " + column.type + "), " +
                                column.default_value + ")"
                          : value);
  }
  return "INSERT INTO " + quote_path(table.path) + " (" + columns + ") SELECT " + values +
         " FROM " + std::string(source) + " AS r(" + names + ")";
}

// The engine takes Arrow's texts as they are: what is no UTF-8 would break its file.
void DuckdbTables::check_texts(std::span<const Batch> batches) {
  std::size_t before = 0;
  for (const Batch& batch : batches) {
    for (std::size_t i = 0; i < batch.schema().size(); ++i) {
      if (!is_text(batch.schema()[i].type) || batch.is_foreign(i)) continue;
      const Column& column = batch.column(i);
      if (is_utf8(column)) continue;
      std::vector<std::size_t> rows = rows_not_utf8(column, batch.rows());
      for (std::size_t& row : rows) row += before;
      if (!rows.empty()) throw_not_utf8(column.field.name, std::move(rows));
    }
    before += batch.rows();
  }
}

void DuckdbTables::throw_failure(std::string_view message, std::string_view table) const {
  ErrorText text = text_of_failure(message);
  const auto [kind, details] = split_message(message);
  if (details.find("read-only mode") != std::string_view::npos || kind == "Permission") {
    text.countermeasure = "Open " + file_ + " for writing, or use another database.";
    throw PermissionDenied(std::move(text));
  }
  if (Refusal refusal = refusal_of(message, table); !refusal.reason.empty()) {
    throw RowsRefused(std::move(text), std::move(refusal.reason), std::move(refusal.column));
  }
  if (kind == "TransactionContext") {
    const bool is_ours = details.find("no transaction is active") != std::string_view::npos ||
                         details.find("within a transaction") != std::string_view::npos ||
                         details.find("is aborted") != std::string_view::npos;
    if (!is_ours) throw TransactionConflict(std::move(text));
    throw platform_error(std::move(text));
  }
  for (const std::string_view engine :
       {"IO", "Out of Memory", "FATAL", "INTERNAL", "INTERRUPT", "Serialization"}) {
    if (kind != engine) continue;
    text.consequence = "The rows of this transaction were not stored.";
    throw platform_error(std::move(text));
  }
  throw user_error(std::move(text));
}

void DuckdbTables::check_sql(std::string_view sql) {
  if (sql.find('\0') == std::string_view::npos) return;
  throw user_error({.what = "The name of a table or of a column holds a NUL byte.",
                    .why = "DuckDB would take it for the end of the statement.",
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Remove the byte from the name."});
}

}  // namespace vdk::duckdb
