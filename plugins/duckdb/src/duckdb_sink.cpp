#include "duckdb_sink.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "vdk/base/log.hpp"

namespace vdk::duckdb {
namespace {

constexpr std::string_view kLogger = "vdk.duckdb";
constexpr std::size_t kMaximumDecimalDigits = 38;
constexpr int kConflictAttempts = 8;

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
  if (text.starts_with('"')) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] != '"') {
        name += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        name += text[i++];
      } else {
        text.remove_prefix(i + 1);
        return !name.empty();
      }
    }
    return false;
  }
  if (text.empty() || !starts_plain_name(text.front())) {
    return false;
  }
  const auto end = std::find_if_not(text.begin(), text.end(), continues_plain_name);
  name.assign(text.begin(), end);
  text.remove_prefix(name.size());
  return true;
}

std::string text_of(const Value& value) {
  const std::string* text = value.if_string();
  return text ? *text : std::string();
}

// Everything or nothing: rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {
    connection_.query("BEGIN TRANSACTION");
  }
  ~Transaction() {
    if (committed_) {
      return;
    }
    try {
      connection_.query("ROLLBACK");
    } catch (const std::exception& error) {
      log(LogLevel::warning, kLogger,
          std::string("A transaction could not be rolled back: ") + error.what());
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    connection_.query("COMMIT");
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

// How a column of a batch travels to the engine, which casts it to the table's type where the two
// differ.
TypeId transport_type(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return TypeId::boolean;
    case ColumnType::integer:
      return TypeId::bigint;
    case ColumnType::real:
      return TypeId::float64;
    case ColumnType::binary:
      return TypeId::blob;
    case ColumnType::date:
      return TypeId::date;
    case ColumnType::timestamp:
      return TypeId::timestamp;
    case ColumnType::timestamp_tz:
      return TypeId::timestamp_tz;
    case ColumnType::null:
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      return TypeId::varchar;
  }
  return TypeId::varchar;
}

bool is_null(const std::uint64_t* validity, std::size_t row) {
  return validity && (validity[row / 64] >> (row % 64) & 1) == 0;
}

class ChunkWriter {
 public:
  ChunkWriter(const Api& api, const Batch& batch) : api_(api), batch_(batch) {
    std::vector<TypeHandle> types;
    for (const Column& column : batch.columns()) {
      types.push_back(api.create_logical_type(transport_type(column.field.type)));
    }
    chunk_ = api.create_data_chunk(types.data(), types.size());
    for (TypeHandle& type : types) {
      api.destroy_logical_type(&type);
    }
  }
  ~ChunkWriter() { api_.destroy_data_chunk(&chunk_); }
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // The rows [begin, begin + count), where `begin` is a multiple of the vector size.
  ChunkHandle fill(std::size_t begin, std::size_t count) {
    api_.data_chunk_reset(chunk_);
    for (std::size_t i = 0; i < batch_.columns().size(); ++i) {
      fill_vector(api_.data_chunk_get_vector(chunk_, i), batch_.columns()[i], begin, count);
    }
    api_.data_chunk_set_size(chunk_, count);
    return chunk_;
  }

 private:
  void fill_vector(VectorHandle vector, const Column& column, std::size_t begin,
                   std::size_t count) {
    if (column.field.type == ColumnType::null || !column.validity.empty()) {
      api_.vector_ensure_validity_writable(vector);
      auto* validity = reinterpret_cast<std::uint8_t*>(api_.vector_get_validity(vector));
      if (column.field.type == ColumnType::null) {
        std::memset(validity, 0, (count + 7) / 8);
        return;
      }
      std::memcpy(validity, column.validity.data() + begin / 8, (count + 7) / 8);
    }
    void* data = api_.vector_get_data(vector);
    switch (column.field.type) {
      case ColumnType::null:
        return;
      case ColumnType::boolean:
        for (std::size_t row = 0; row < count; ++row) {
          static_cast<std::uint8_t*>(data)[row] = column.boolean(begin + row) ? 1 : 0;
        }
        return;
      case ColumnType::date:
        return copy<std::int32_t>(data, column, begin, count);
      case ColumnType::integer:
      case ColumnType::real:
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        return copy<std::int64_t>(data, column, begin, count);
      case ColumnType::text:
      case ColumnType::binary:
      case ColumnType::decimal:
      case ColumnType::json:
        return fill_bytes(vector, column, begin, count);
    }
  }

  template <class T>
  static void copy(void* data, const Column& column, std::size_t begin, std::size_t count) {
    std::memcpy(data, column.values.data() + begin * sizeof(T), count * sizeof(T));
  }

  void fill_bytes(VectorHandle vector, const Column& column, std::size_t begin, std::size_t count) {
    for (std::size_t row = 0; row < count; ++row) {
      if (column.is_null(begin + row)) {
        continue;
      }
      const std::string_view bytes = column.bytes(begin + row);
      api_.vector_assign_string_element_len(vector, row, bytes.empty() ? "" : bytes.data(),
                                            bytes.size());
    }
    // What is no UTF-8 was made NULL by the engine.
    const std::uint64_t* validity = api_.vector_get_validity(vector);
    for (std::size_t row = 0; validity && row < count; ++row) {
      if (is_null(validity, row) && !column.is_null(begin + row)) {
        throw user_error(
            {.what = "The text in column " + column.field.name + " is not UTF-8.",
             .why = "It is in row " + std::to_string(begin + row + 1) + " of the batch.",
             .consequence = "No row of this batch was stored.",
             .countermeasure = "Send it as bytes, or decode it first."});
      }
    }
  }

  const Api& api_;
  const Batch& batch_;
  ChunkHandle chunk_ = nullptr;
};

DuckdbError appender_error(const Api& api, AppenderHandle appender) {
  ErrorHandle error = appender ? api.appender_error_data(appender) : nullptr;
  const int kind = error ? api.error_data_error_type(error) : 0;
  if (error) {
    api.destroy_error_data(&error);
  }
  const char* message = appender ? api.appender_error(appender) : nullptr;
  return {kind, message ? message : "DuckDB gives no reason.", DuckdbError::During::ingestion,
          "No row of this batch was stored."};
}

// Discards what it holds unless it was closed.
class Appender {
 public:
  Appender(const Api& api, AppenderHandle handle) : api_(api), handle_(handle) {}
  ~Appender() {
    if (!closed_) {
      api_.appender_clear(handle_);
    }
    api_.appender_destroy(&handle_);
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void add_column(const std::string& name) {
    check(api_.appender_add_column(handle_, name.c_str()));
  }
  void append(ChunkHandle chunk) { check(api_.append_data_chunk(handle_, chunk)); }
  void close() {
    check(api_.appender_close(handle_));
    closed_ = true;
  }

 private:
  void check(State state) {
    if (state == State::success) {
      return;
    }
    throw appender_error(api_, handle_);
  }

  const Api& api_;
  AppenderHandle handle_;
  bool closed_ = false;
};

struct DecimalDigits {
  std::size_t whole = 0;
  std::size_t fraction = 0;
  bool plain = true;  // false: an exponent, NaN, infinity
};

DecimalDigits digits_of(const Column& column, std::size_t rows) {
  DecimalDigits most;
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.is_null(row)) {
      continue;
    }
    std::string_view text = column.bytes(row);
    if (text.starts_with('-') || text.starts_with('+')) {
      text.remove_prefix(1);
    }
    const auto point = std::min(text.find('.'), text.size());
    std::string_view whole = text.substr(0, point);
    const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) {
      most.plain = false;
    }
    while (whole.starts_with('0')) {
      whole.remove_prefix(1);
    }
    most.whole = std::max(most.whole, whole.size());
    most.fraction = std::max(most.fraction, fraction.size());
  }
  return most;
}

std::string decimal_of(const DecimalDigits& digits) {
  if (!digits.plain || digits.whole + digits.fraction > kMaximumDecimalDigits) {
    return "VARCHAR";
  }
  return "DECIMAL(" + std::to_string(kMaximumDecimalDigits) + "," +
         std::to_string(digits.fraction) + ")";
}

// The type that holds the column's values and what stands in a column of ours that is a decimal or
// becomes one.
std::string wider_decimal(const std::string& type, ColumnType before, const Column& column,
                          std::size_t rows) {
  constexpr std::size_t kIntegerDigits = 19;
  constexpr std::string_view kDecimal = "DECIMAL(38,";
  if (before == ColumnType::real || column.field.type == ColumnType::real) {
    return "VARCHAR";
  }
  DecimalDigits digits;
  if (column.field.type == ColumnType::decimal) {
    digits = digits_of(column, rows);
  }
  if (before != ColumnType::decimal || column.field.type != ColumnType::decimal) {
    digits.whole = std::max(digits.whole, kIntegerDigits);
  }
  if (type.starts_with(kDecimal)) {
    const auto scale = static_cast<std::size_t>(std::stoul(type.substr(kDecimal.size())));
    digits.fraction = std::max(digits.fraction, scale);
  }
  return decimal_of(digits);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

}  // namespace

std::string decimal_type(const Column& column, std::size_t rows) {
  return decimal_of(digits_of(column, rows));
}

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

std::string quote_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += '\'';
    }
    result += c;
  }
  return result += '\'';
}

std::string TableName::sql() const {
  std::string result;
  for (const std::string& part : parts) {
    result += (result.empty() ? "" : ".") + quote_name(part);
  }
  return result;
}

std::string DuckdbSink::Table::sql() const {
  return quote_name(catalog) + '.' + quote_name(schema) + '.' + quote_name(name);
}

TableName parse_table_name(std::string_view text) {
  constexpr std::size_t kMaximumParts = 3;
  std::string_view rest = text;
  TableName name;
  while (name.parts.size() < kMaximumParts) {
    std::string part;
    if (!take_name(rest, part)) {
      break;
    }
    name.parts.push_back(std::move(part));
    if (rest.empty()) {
      return name;
    }
    if (!rest.starts_with('.')) {
      break;
    }
    rest.remove_prefix(1);
  }
  return {{std::string(text)}};
}

DuckdbSink::DuckdbSink(const Api& api, Options options) : api_(api), options_(std::move(options)) {}

DuckdbSink::~DuckdbSink() = default;

void DuckdbSink::write(const Destination& destination, const Batch& batch) {
  if (batch.rows() == 0) {
    return;
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
  if (!connection_) {
    connection_ = std::make_unique<Connection>(api_, options_.place);
  }
  // Transactions are optimistic: one that meets another's change of the same table fails as a whole
  // and is repeated.
  for (int attempt = 1;; ++attempt) {
    try {
      write_once(destination, batch);
      return;
    } catch (const DuckdbError& error) {
      if (error.type_name() != "TransactionException" || attempt == kConflictAttempts) {
        throw;
      }
      log(LogLevel::debug, kLogger,
          std::string("A batch met a concurrent change and is written again: ") + error.what());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1 << attempt));
  }
}

void DuckdbSink::write_once(const Destination& destination, const Batch& batch) {
  const TableName name = parse_table_name(destination.table);
  Transaction transaction(*connection_);
  Table table = find_table(name);
  OwnColumns own;
  bool is_own = false;
  if (table.columns.empty()) {
    table = create_table(name, batch, own);
    is_own = true;
  } else if (const auto found = created_.find(lower(table.sql())); found != created_.end()) {
    own = found->second;
    is_own = true;
    evolve_table(table, batch, own);
  }

  std::vector<std::string> columns;
  std::vector<std::string> unknown;
  for (const Column& column : batch.columns()) {
    const auto known = std::ranges::find_if(table.columns, [&](const TableColumn& other) {
      return lower(other.name) == lower(column.field.name);
    });
    if (known == table.columns.end()) {
      unknown.push_back(column.field.name);
    } else {
      columns.push_back(known->name);
    }
  }
  if (!unknown.empty()) {
    std::vector<std::string> names;
    names.reserve(table.columns.size());
    for (const TableColumn& column : table.columns) {
      names.push_back(column.name);
    }
    throw user_error(
        {.what = "The table " + destination.table + " has no column for: " + list_of(unknown) + ".",
         .why = "Its columns are: " + list_of(names) +
                ". It was not created by this run, so no columns are added to it.",
         .consequence = "No row of this batch was stored.",
         .countermeasure = "Add the columns to the table, or leave the keys out of the rows."});
  }
  append(table, columns, batch);
  transaction.commit();
  if (is_own) {
    created_[lower(table.sql())] = std::move(own);
  }
}

DuckdbSink::Table DuckdbSink::find_table(const TableName& name) {
  const auto same = [](std::string_view column, const std::string& value) {
    return "lower(" + std::string(column) + ") = lower(" + quote_text(value) + ")";
  };
  std::string where = same("table_name", name.parts.back());
  const std::string here = "database_name = current_database()";
  if (name.parts.size() == 1) {
    where += " AND " + here + " AND schema_name = current_schema()";
  } else if (name.parts.size() == 2) {
    where += " AND ((" + here + " AND " + same("schema_name", name.parts[0]) +
             ") OR (schema_name = 'main' AND " + same("database_name", name.parts[0]) + "))";
  } else {
    where += " AND " + same("database_name", name.parts[0]) + " AND " +
             same("schema_name", name.parts[1]);
  }
  Table table;
  for (const auto& row :
       connection_->query("SELECT database_name, schema_name, table_name, column_name, data_type "
                          "FROM duckdb_columns() WHERE " +
                          where + " ORDER BY database_name, schema_name, column_index")) {
    if (table.columns.empty()) {
      table.catalog = text_of(row[0]);
      table.schema = text_of(row[1]);
      table.name = text_of(row[2]);
    } else if (table.catalog != text_of(row[0]) || table.schema != text_of(row[1])) {
      break;  // a schema and a catalogue share the name; which one wins is arbitrary but fixed
    }
    table.columns.push_back({text_of(row[3]), text_of(row[4])});
  }
  return table;
}

bool DuckdbSink::has_json() {
  if (has_json_ < 0) {
    const auto rows = connection_->query(
        "SELECT count(*) > 0 FROM duckdb_extensions() WHERE extension_name = 'json' AND loaded");
    has_json_ = *rows.at(0).at(0).if_bool() ? 1 : 0;
  }
  return has_json_ == 1;
}

std::string DuckdbSink::sql_type(const Column& column, std::size_t rows) {
  switch (column.field.type) {
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
      return "TIMESTAMPTZ";
    case ColumnType::decimal:
      return decimal_type(column, rows);
    case ColumnType::json:
      return has_json() ? "JSON" : "VARCHAR";
    case ColumnType::null:
    case ColumnType::text:
      return "VARCHAR";
  }
  return "VARCHAR";
}

DuckdbSink::Table DuckdbSink::create_table(const TableName& name, const Batch& batch,
                                           OwnColumns& own) {
  if (!options_.create_tables) {
    throw user_error({.what = "Cannot send payload for ingestion to DuckDB database.",
                      .why = "The destination table " + name.sql() + " does not exist in " +
                             connection_->path() +
                             ", and duckdb_ingest_auto_create_table_enabled is off.",
                      .consequence = "No row of this batch was stored.",
                      .countermeasure =
                          "Make sure the destination_table exists in the target DuckDB database."});
  }
  log(LogLevel::info, kLogger,
      "The table " + name.sql() + " does not exist; it is created from the first batch of rows.");
  std::string columns;
  for (const Column& column : batch.columns()) {
    columns += (columns.empty() ? "" : ", ") + quote_name(column.field.name) + ' ' +
               sql_type(column, batch.rows());
    own[lower(column.field.name)] = column.field;
  }
  connection_->query("CREATE TABLE " + name.sql() + " (" + columns + ")");
  return find_table(name);
}

void DuckdbSink::evolve_table(Table& table, const Batch& batch, OwnColumns& own) {
  bool changed = false;
  const auto alter = [&](const std::string& change) {
    connection_->query("ALTER TABLE " + table.sql() + ' ' + change);
    changed = true;
  };
  for (const Column& column : batch.columns()) {
    const Field& field = column.field;
    const auto known = std::ranges::find_if(table.columns, [&](const TableColumn& other) {
      return lower(other.name) == lower(field.name);
    });
    if (known == table.columns.end()) {
      alter("ADD COLUMN " + quote_name(field.name) + ' ' + sql_type(column, batch.rows()));
      own[lower(field.name)] = field;
      continue;
    }
    const auto ours = own.find(lower(field.name));
    if (ours == own.end() || field.type == ColumnType::null) {
      continue;  // added by somebody else, or fits anything
    }
    const ColumnType before = ours->second.type;
    const ColumnType wanted = unite(before, field.type);
    std::string type;
    if (before == ColumnType::null) {
      type = sql_type(column, batch.rows());  // it has no value yet
    } else if (wanted == ColumnType::decimal) {
      if (known->type != "VARCHAR") {
        type = wider_decimal(known->type, before, column, batch.rows());
      }
    } else if (wanted != before) {
      const Column probe{.field = {field.name, wanted}};
      type = sql_type(probe, 0);
    }
    if (!type.empty() && type != known->type) {
      alter("ALTER COLUMN " + quote_name(known->name) + " TYPE " + type);
    }
    ours->second.type = wanted;
  }
  if (changed) {
    table = find_table({{table.catalog, table.schema, table.name}});
  }
}

void DuckdbSink::append(const Table& table, const std::vector<std::string>& columns,
                        const Batch& batch) {
  AppenderHandle handle = nullptr;
  const State state = api_.appender_create_ext(connection_->handle(), table.catalog.c_str(),
                                               table.schema.c_str(), table.name.c_str(), &handle);
  Appender appender(api_, handle);
  if (state != State::success) {
    throw appender_error(api_, handle);
  }
  for (const std::string& column : columns) {
    appender.add_column(column);
  }
  ChunkWriter writer(api_, batch);
  const std::size_t step = api_.vector_size();
  for (std::size_t begin = 0; begin < batch.rows(); begin += step) {
    appender.append(writer.fill(begin, std::min(step, batch.rows() - begin)));
  }
  appender.close();
}

std::unique_ptr<Sink> open_sink(const Configuration& configuration, std::string_view) {
  const Api& api = load_api(configuration);
  return std::make_unique<DuckdbSink>(
      api, DuckdbSink::Options{
               .place = configured_place(configuration),
               .create_tables = configuration.get_bool("duckdb_ingest_auto_create_table_enabled")});
}

}  // namespace vdk::duckdb
