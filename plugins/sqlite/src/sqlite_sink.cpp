#include "sqlite_sink.hpp"

#include <algorithm>
#include <chrono>

#include "vdk/base/log.hpp"

namespace vdk::sqlite {
namespace {

constexpr std::string_view kLogger = "vdk.sqlite";
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return result;
}

bool starts_plain_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool continues_plain_name(char c) {
  return starts_plain_name(c) || (c >= '0' && c <= '9') || c == '$';
}

// Takes one SQL name off the front; false where there is none.
bool take_name(std::string_view& text, std::string& name) {
  if (text.empty()) {
    return false;
  }
  const char open = text.front();
  if (open == '"' || open == '`' || open == '[') {
    const char close = open == '[' ? ']' : open;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] != close) {
        name += text[i];
      } else if (close != ']' && i + 1 < text.size() && text[i + 1] == close) {
        name += close;
        ++i;
      } else {
        text.remove_prefix(i + 1);
        return !name.empty();
      }
    }
    return false;
  }
  if (!starts_plain_name(open)) {
    return false;
  }
  const auto end = std::find_if_not(text.begin(), text.end(), continues_plain_name);
  name.assign(text.begin(), end);
  text.remove_prefix(name.size());
  return true;
}

// Names of types as upstream's plugin declares them.
std::string_view declared_type(ColumnType type) {
  switch (type) {
    case ColumnType::null:  // as upstream: a column that nobody filled yet is text
      return " TEXT";
    case ColumnType::boolean:
    case ColumnType::integer:
      return " INTEGER";
    case ColumnType::real:
      return " REAL";
    case ColumnType::binary:
      return " BLOB";
    case ColumnType::text:
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
    case ColumnType::decimal:
    case ColumnType::json:
      return " TEXT";
  }
  return "";
}

void append_digits(std::string& text, std::int64_t value, int digits) {
  char buffer[20];
  for (int i = digits - 1; i >= 0; --i) {
    buffer[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  text.append(buffer, static_cast<std::size_t>(digits));
}

void append_date(std::string& text, std::int64_t days) {
  // std::chrono has no years beyond 32767: count whole cycles of 400 years apart.
  constexpr std::int64_t kCycleDays = 146'097;
  constexpr std::int64_t kPlainYears = 9999;
  std::int64_t cycles = days / kCycleDays;
  if (days % kCycleDays < 0) --cycles;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(days - cycles * kCycleDays))};
  const std::int64_t year = static_cast<int>(date.year()) + cycles * 400;
  if (year < 0) text += '-';
  const std::int64_t magnitude = year < 0 ? -year : year;
  if (magnitude <= kPlainYears) {
    append_digits(text, magnitude, 4);
  } else {
    text += std::to_string(magnitude);
  }
  text += '-';
  append_digits(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_digits(text, static_cast<unsigned>(date.day()), 2);
}

void append_timestamp(std::string& text, std::int64_t microseconds, bool utc) {
  const std::chrono::sys_time<std::chrono::microseconds> time{
      std::chrono::microseconds(microseconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::int64_t of_day = (time - midnight).count();
  const std::int64_t seconds = of_day / kMicrosecondsPerSecond;
  const std::int64_t fraction = of_day % kMicrosecondsPerSecond;
  append_date(text, midnight.time_since_epoch().count());
  text += ' ';
  append_digits(text, seconds / 3600, 2);
  text += ':';
  append_digits(text, seconds / 60 % 60, 2);
  text += ':';
  append_digits(text, seconds % 60, 2);
  if (fraction != 0) {
    text += '.';
    append_digits(text, fraction, 6);
  }
  if (utc) text += "+00:00";
}

// Everything or nothing: rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    // SQLite itself has rolled back after some failures.
    const Api& api = database_.api();
    if (!api.get_autocommit(database_.handle())) {
      api.exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() { database_.run("COMMIT"); }

 private:
  Database& database_;
};

std::string names(const Schema& shape) {
  std::string list;
  for (const Field& field : shape) {
    list += (list.empty() ? "" : ", ") + field.name;
  }
  return list;
}

int bind(const Api& api, sqlite3_stmt* statement, int index, const Column& column, std::size_t row,
         std::string& buffer) {
  if (column.is_null(row)) {
    return api.bind_null(statement, index);
  }
  const auto bind_text = [&](std::string_view text) {
    return api.bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(), nullptr,
                           SQLITE_UTF8);
  };
  switch (column.field.type) {
    case ColumnType::null:
      return api.bind_null(statement, index);
    case ColumnType::boolean:
      return api.bind_int64(statement, index, column.boolean(row) ? 1 : 0);
    case ColumnType::integer:
      return api.bind_int64(statement, index, column.integer(row));
    case ColumnType::real:
      return api.bind_double(statement, index, column.real(row));
    case ColumnType::binary: {
      const auto bytes = column.bytes(row);
      return api.bind_blob64(statement, index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                             nullptr);
    }
    case ColumnType::date:
      buffer.clear();
      append_date(buffer, column.integer(row));
      return bind_text(buffer);
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
      buffer.clear();
      append_timestamp(buffer, column.integer(row), column.field.type == ColumnType::timestamp_tz);
      return bind_text(buffer);
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      return bind_text(column.bytes(row));
  }
  return SQLITE_MISUSE;
}

}  // namespace

std::string quote_name(std::string_view name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"') {
      result += '"';
    }
    result += c;
  }
  return result += '"';
}

std::string TableName::sql() const {
  return schema.empty() ? quote_name(table) : quote_name(schema) + '.' + quote_name(table);
}

TableName parse_table_name(std::string_view text) {
  std::string_view rest = text;
  std::string first;
  std::string second;
  if (take_name(rest, first)) {
    if (rest.empty()) {
      return {"", first};
    }
    if (rest.front() == '.') {
      rest.remove_prefix(1);
      if (take_name(rest, second) && rest.empty()) {
        return {first, second};
      }
    }
  }
  return {"", std::string(text)};
}

std::string date_text(std::int64_t days) {
  std::string text;
  append_date(text, days);
  return text;
}

std::string timestamp_text(std::int64_t microseconds, bool utc) {
  std::string text;
  append_timestamp(text, microseconds, utc);
  return text;
}

SqliteSink::SqliteSink(const Api& api, Options options) : api_(api), options_(std::move(options)) {}

SqliteSink::~SqliteSink() = default;

void SqliteSink::write(const Destination& destination, const Batch& batch) {
  if (batch.rows() == 0) {
    return;
  }
  const std::string& file = destination.target.empty() ? options_.default_file : destination.target;
  if (file.empty()) {
    throw user_error(
        {.what = "Failed to proceed with ingestion",
         .why = "Neither a target was given nor sqlite_file is configured.",
         .consequence = "The rows were not stored.",
         .countermeasure = "Pass the path of the database file as target, or set sqlite_file."});
  }
  if (destination.table.empty()) {
    throw user_error({.what = "The rows have no destination table.",
                      .consequence = "They were not stored.",
                      .countermeasure = "Pass destination_table when rows are sent."});
  }
  if (batch.columns().empty()) {
    throw user_error({.what = "The rows for the table " + destination.table + " have no columns.",
                      .consequence = "They were not stored.",
                      .countermeasure = "Send rows with at least one key."});
  }
  Target& target = open(file);
  try {
    write_rows(target, destination.table, batch);
  } catch (...) {
    target.plans.erase(destination.table);
    throw;
  }
}

SqliteSink::Target& SqliteSink::open(const std::string& file) {
  const auto found = targets_.find(file);
  if (found != targets_.end()) {
    return found->second;
  }
  auto database = std::make_unique<Database>(api_, file, options_.busy_limit);
  return targets_.emplace(file, Target{std::move(database), {}}).first->second;
}

void SqliteSink::write_rows(Target& target, const std::string& table, const Batch& batch) {
  Database& database = *target.database;
  Transaction transaction(database);
  const Plan& planned = plan(target, table, batch.schema());
  sqlite3_stmt* insert = planned.insert.get();

  std::vector<std::string> buffers(batch.columns().size());
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    int result = SQLITE_OK;
    for (std::size_t i = 0; i < batch.columns().size() && result == SQLITE_OK; ++i) {
      result = bind(api_, insert, static_cast<int>(i) + 1, batch.columns()[i], row, buffers[i]);
    }
    if (result == SQLITE_OK) {
      result = api_.step(insert);
    }
    if (result != SQLITE_DONE) {
      const auto fail = [&] {
        database.throw_error("at row " + std::to_string(row + 1) + " of a batch of " +
                                 std::to_string(batch.rows()) + " rows for the table " + table +
                                 ".",
                             "No row of this batch was stored.");
      };
      try {
        fail();
      } catch (...) {
        api_.reset(insert);
        throw;
      }
    }
    api_.reset(insert);
  }
  api_.clear_bindings(insert);  // they point into the batch
  transaction.commit();
}

const SqliteSink::Plan& SqliteSink::plan(Target& target, const std::string& table,
                                         const Schema& shape) {
  const auto schema_version = [&] {
    const Statement statement = target.database->prepare("PRAGMA schema_version", false);
    return api_.step(statement.get()) == SQLITE_ROW ? api_.column_int64(statement.get(), 0) : -1;
  };
  Plan& planned = target.plans[table];
  const std::int64_t version = schema_version();
  if (planned.insert && planned.schema_version == version && planned.shape == shape) {
    return planned;
  }
  planned.insert = prepare_insert(*target.database, table, shape);
  planned.shape = shape;
  planned.schema_version = schema_version();
  return planned;
}

Statement SqliteSink::prepare_insert(Database& database, const std::string& table,
                                     const Schema& shape) {
  const TableName name = parse_table_name(table);
  const std::string own_key = database.file() + '\0' + lower(name.sql());
  std::vector<TableColumn> columns = columns_of(database, name);
  if (columns.empty()) {
    create_table(database, name, shape);
    created_.insert(own_key);
    columns = columns_of(database, name);
  }

  std::vector<std::string> listed;  // as the table spells them, in the order of the batch
  Schema unknown;
  for (const Field& field : shape) {
    auto found = std::ranges::find(columns, field.name, &TableColumn::name);
    if (found == columns.end()) {
      found = std::ranges::find_if(columns, [&](const TableColumn& column) {
        return lower(column.name) == lower(field.name);
      });
    }
    if (found == columns.end()) {
      unknown.push_back(field);
    }
    listed.push_back(found == columns.end() ? field.name : found->name);
  }
  if (!unknown.empty() && !created_.contains(own_key)) {
    Schema known;
    for (const TableColumn& column : columns) {
      known.push_back({column.name, ColumnType::null});
    }
    throw user_error(
        {.what = "Failed to sent payload: the table " + table +
                 " has no column for: " + names(unknown) + ".",
         .why = "Its columns are: " + names(known) +
                ". It was not created by this run, so no columns are added to it.",
         .consequence = "No row of this batch was stored.",
         .countermeasure = "Add the columns to the table, or leave the keys out of the rows."});
  }
  for (const Field& field : unknown) {
    database.run("ALTER TABLE " + name.sql() + " ADD COLUMN " + quote_name(field.name) +
                 std::string(declared_type(field.type)));
  }

  std::string columns_sql;
  std::string values_sql;
  const auto add = [&](const std::string& column, const std::string& value) {
    columns_sql += (columns_sql.empty() ? "" : ", ") + quote_name(column);
    values_sql += (values_sql.empty() ? "" : ", ") + value;
  };
  int parameter = 0;
  for (const std::string& column : listed) {
    const std::string marker = "?" + std::to_string(++parameter);
    const auto known = std::ranges::find(columns, column, &TableColumn::name);
    // A missing value is NULL, but where the table refuses NULL and has a default, it is the
    // default. What a row becomes must not depend on which other rows are in its batch.
    const bool defaulted = known != columns.end() && known->not_null && known->has_default;
    add(column, defaulted ? "coalesce(" + marker + ", (" + known->default_value + "))" : marker);
  }
  for (const TableColumn& column : columns) {
    const bool is_listed = std::ranges::find(listed, column.name) != listed.end();
    if (!is_listed && column.has_default && !column.not_null) {
      add(column.name, "NULL");
    }
  }
  return database.prepare(
      "INSERT INTO " + name.sql() + " (" + columns_sql + ") VALUES (" + values_sql + ")", true);
}

std::vector<SqliteSink::TableColumn> SqliteSink::columns_of(Database& database,
                                                            const TableName& name) const {
  const std::string schema = name.schema.empty() ? "" : quote_name(name.schema) + '.';
  const Statement statement =
      database.prepare("PRAGMA " + schema + "table_xinfo(" + quote_name(name.table) + ")", false);
  std::vector<TableColumn> columns;
  int result = SQLITE_OK;
  while ((result = api_.step(statement.get())) == SQLITE_ROW) {
    constexpr int kName = 1;
    constexpr int kNotNull = 3;
    constexpr int kDefault = 4;
    constexpr int kHidden = 6;
    const auto text = [&](int index) {
      const unsigned char* value = api_.column_text(statement.get(), index);
      return value ? std::string(reinterpret_cast<const char*>(value)) : std::string();
    };
    if (api_.column_int64(statement.get(), kHidden) != 0) {
      continue;  // generated, or of a virtual table
    }
    columns.push_back({.name = text(kName),
                       .default_value = text(kDefault),
                       .has_default = api_.column_type(statement.get(), kDefault) != SQLITE_NULL,
                       .not_null = api_.column_int64(statement.get(), kNotNull) != 0});
  }
  if (result != SQLITE_DONE) {
    database.throw_error("while the columns of " + name.sql() + " were read.");
  }
  return columns;
}

void SqliteSink::create_table(Database& database, const TableName& name, const Schema& shape) {
  if (!options_.create_tables) {
    throw user_error({.what = "Cannot send payload for ingestion to SQLite database.",
                      .why = "The destination table " + name.sql() + " does not exist in " +
                             database.file() +
                             ", and sqlite_ingest_auto_create_table_enabled is off.",
                      .consequence = "No row of this batch was stored.",
                      .countermeasure =
                          "Make sure the destination_table exists in the target SQLite database."});
  }
  log(LogLevel::info, kLogger,
      "The table " + name.sql() + " does not exist; it is created from the first batch of rows.");
  std::string columns;
  for (const Field& field : shape) {
    columns += (columns.empty() ? "" : ", ") + quote_name(field.name) +
               std::string(declared_type(field.type));
  }
  database.run("CREATE TABLE " + name.sql() + " (" + columns + ")");
}

std::unique_ptr<Sink> open_sink(const Configuration& configuration, std::string_view section) {
  constexpr std::string_view kCreate = "sqlite_ingest_auto_create_table_enabled";
  const bool own_setting = !configuration.get(kCreate, section).is_null();
  return std::make_unique<SqliteSink>(
      load_api(configuration, section),
      SqliteSink::Options{
          .default_file = configuration.get_string("sqlite_file", section),
          .create_tables = configuration.get_bool(kCreate, own_setting ? section : kMainSection),
          .busy_limit = busy_limit(configuration, section)});
}

}  // namespace vdk::sqlite
