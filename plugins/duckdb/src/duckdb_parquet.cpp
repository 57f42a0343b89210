#include "duckdb_parquet.hpp"

#include <cstring>
#include <filesystem>
#include <utility>

#include "duckdb_connection.hpp"
#include "duckdb_owned.hpp"
#include "duckdb_parquet_writer.hpp"

namespace vdk::duckdb {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{4} << 20U;

std::string in_quotes(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result += quote;
}

std::unique_ptr<Connection> open_engine(const Configuration& configuration) {
  const Place place{.path = ":memory:",
                    .settings = {{"memory_limit", ParquetReader::kMemoryLimit}},
                    .is_private = true};
  return std::make_unique<Connection>(load_api(configuration), place);
}

// How a column of the file is asked for, and what it becomes.
struct Selected {
  std::string name;
  std::string expression;
  ColumnType type;
};

// `ask` answers a question about the whole column.
template <class Ask>
Selected select_column(const std::string& name, const std::string& type, const Ask& ask) {
  const std::string column = in_quotes(name, '"');
  const auto as = [&](std::string_view sql, ColumnType becomes) {
    return Selected{name, "CAST(" + column + " AS " + std::string(sql) + ')', becomes};
  };
  if (type == "BOOLEAN") return {name, column, ColumnType::boolean};
  for (const std::string_view integer :
       {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}) {
    if (type == integer) return as("BIGINT", ColumnType::integer);
  }
  if (type == "UBIGINT") {
    const bool fits = ask("coalesce(max(" + column + ") <= 9223372036854775807, true)");
    return fits ? as("BIGINT", ColumnType::integer) : as("VARCHAR", ColumnType::decimal);
  }
  if (type == "HUGEINT" || type == "UHUGEINT" || type.starts_with("DECIMAL(")) {
    return as("VARCHAR", ColumnType::decimal);
  }
  if (type == "FLOAT" || type == "DOUBLE") return as("DOUBLE", ColumnType::real);
  if (type == "BLOB") return {name, column, ColumnType::binary};
  if (type == "DATE") return {name, column, ColumnType::date};
  if (type == "TIMESTAMP WITH TIME ZONE") return {name, column, ColumnType::timestamp_tz};
  if (type == "TIMESTAMP_NS") {
    const bool is_exact = ask("coalesce(bool_and(epoch_ns(" + column + ") % 1000 = 0), true)");
    return is_exact ? as("TIMESTAMP", ColumnType::timestamp) : as("VARCHAR", ColumnType::text);
  }
  if (type.starts_with("TIMESTAMP")) return as("TIMESTAMP", ColumnType::timestamp);
  if (type == "JSON") return as("VARCHAR", ColumnType::json);
  if (type.ends_with(']') || type.starts_with("STRUCT(") || type.starts_with("MAP(")) {
    return {name, "CAST(to_json(" + column + ") AS VARCHAR)", ColumnType::json};
  }
  return as("VARCHAR", ColumnType::text);
}

// A column of a batch, filled from vectors.
class Collector {
 public:
  Collector(const Api& api, const Selected& selected)
      : api_(api), empty_{{selected.name, selected.type}}, column_(empty_) {}

  void append(VectorHandle vector, std::size_t count) {
    const std::uint64_t* validity = api_.vector_get_validity(vector);
    const void* data = api_.vector_get_data(vector);
    append_validity(validity, count);
    switch (column_.field.type) {
      case ColumnType::boolean:
        column_.values.resize((rows_ + count + 7) / 8);
        for (std::size_t row = 0; row < count; ++row) {
          if (!static_cast<const std::uint8_t*>(data)[row]) continue;
          const std::size_t at = rows_ + row;
          column_.values[at / 8] |= static_cast<std::uint8_t>(1U << (at % 8));
        }
        break;
      case ColumnType::date:
        append_fixed(data, count * sizeof(std::int32_t));
        break;
      case ColumnType::integer:
      case ColumnType::real:
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        append_fixed(data, count * sizeof(std::int64_t));
        break;
      default:
        append_bytes(static_cast<const StringReference*>(data), validity, count);
        break;
    }
    rows_ += count;
  }

  [[nodiscard]] std::size_t bytes() const noexcept {
    return column_.values.size() + column_.offsets.size() * sizeof(std::int64_t);
  }
  [[nodiscard]] Column finish() {
    rows_ = 0;
    return std::exchange(column_, empty_);
  }

 private:
  static bool is_valid(const std::uint64_t* validity, std::size_t row) {
    return !validity || (validity[row / 64] >> (row % 64) & 1) != 0;
  }

  void append_validity(const std::uint64_t* validity, std::size_t count) {
    bool has_nulls = false;
    for (std::size_t row = 0; row < count && !has_nulls; ++row)
      has_nulls = !is_valid(validity, row);
    if (!has_nulls && column_.validity.empty()) return;
    column_.validity.resize((rows_ + 7) / 8, 0xFF);
    column_.validity.resize((rows_ + count + 7) / 8, 0xFF);
    for (std::size_t row = 0; row < count; ++row) {
      const std::size_t at = rows_ + row;
      const auto bit = static_cast<std::uint8_t>(1U << (at % 8));
      std::uint8_t& byte = column_.validity[at / 8];
      byte = static_cast<std::uint8_t>(is_valid(validity, row) ? byte | bit : byte & ~bit);
    }
  }
  void append_fixed(const void* data, std::size_t size) {
    const std::size_t before = column_.values.size();
    column_.values.resize(before + size);
    std::memcpy(column_.values.data() + before, data, size);
  }
  void append_bytes(const StringReference* data, const std::uint64_t* validity, std::size_t count) {
    if (column_.offsets.empty()) column_.offsets.push_back(0);
    for (std::size_t row = 0; row < count; ++row) {
      if (is_valid(validity, row)) {
        const std::string_view bytes = data[row].view();
        column_.values.insert(column_.values.end(), bytes.begin(), bytes.end());
      }
      column_.offsets.push_back(static_cast<std::int64_t>(column_.values.size()));
    }
  }

  const Api& api_;
  const Column empty_;
  Column column_;
  std::size_t rows_ = 0;
};

}  // namespace

struct ParquetReader::State {
  State(std::unique_ptr<Connection> engine, const std::vector<InputFile>& files)
      : connection(std::move(engine)),
        api(connection->api()),
        statement(api.destroy_prepare),
        result(api) {
    std::string list;
    for (const InputFile& file : files) {
      list += (list.empty() ? "" : ", ") + in_quotes(place_of(file), '\'');
      name += (name.empty() ? "" : ", ") + file.name;
    }
    const std::string source =
        "read_parquet([" + list + "], union_by_name = true, hive_partitioning = false)";
    const auto ask = [&](const std::string& question) {
      const auto answer = query("SELECT " + question + " FROM " + source);
      const bool* truth = answer.at(0).at(0).if_bool();
      return truth && *truth;
    };
    std::string expressions;
    std::vector<Selected> selected;
    for (const auto& row : query("DESCRIBE SELECT * FROM " + source)) {
      selected.push_back(select_column(*row.at(0).if_string(), *row.at(1).if_string(), ask));
      expressions += (expressions.empty() ? "" : ", ") + selected.back().expression;
    }
    for (const Selected& column : selected) collectors.emplace_back(api, column);
    const auto count = query("SELECT count(*) FROM " + source);
    if (const std::int64_t* number = count.at(0).at(0).if_integer()) rows = *number;
    start("SELECT " + expressions + " FROM " + source);
  }

  // DuckDB reads *, ? and [ in a path as a pattern, and each of them in brackets as itself.
  [[nodiscard]] static std::string place_of(const InputFile& file) {
    std::string place;
    for (const char c : std::filesystem::absolute(file.path).string()) {
      if (c == '*' || c == '?' || c == '[') {
        place += {'[', c, ']'};
      } else {
        place += c;
      }
    }
    return place;
  }

  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) {
    try {
      return connection->query(sql);
    } catch (const DuckdbError& error) {
      throw unreadable(error.text().what);
    }
  }

  [[nodiscard]] Error unreadable(std::string why) const {
    return user_error({.what = name + " cannot be read as Parquet.",
                       .why = std::move(why),
                       .consequence = "What was not read is not ingested.",
                       .countermeasure = "Name Parquet files that you may read."});
  }

  void start(const std::string& sql) {
    Owned<PendingHandle> pending(api.destroy_pending);
    if (api.prepare(connection->handle(), sql.c_str(), statement.out()) != duckdb::State::success) {
      throw unreadable(api.prepare_error(statement.get()));
    }
    if (api.pending_prepared_streaming(statement.get(), pending.out()) != duckdb::State::success) {
      throw unreadable(api.pending_error(pending.get()));
    }
    if (api.execute_pending(pending.get(), result.get()) != duckdb::State::success) {
      throw unreadable(result.error());
    }
  }

  // Appends the next chunk; returns its rows, 0 at the end.
  [[nodiscard]] std::size_t append_chunk() {
    ChunkHandle chunk = api.fetch_chunk(*result.get());
    const std::size_t count = chunk ? api.data_chunk_get_size(chunk) : 0;
    for (std::size_t i = 0; i < collectors.size() && count != 0; ++i) {
      collectors[i].append(api.data_chunk_get_vector(chunk, i), count);
    }
    if (chunk) api.destroy_data_chunk(&chunk);
    if (count == 0) {
      if (const std::string error = result.error(); !error.empty()) throw unreadable(error);
    }
    return count;
  }

  std::unique_ptr<Connection> connection;
  const Api& api;
  std::string name;
  Owned<PreparedHandle> statement;
  OwnedResult result;
  std::vector<Collector> collectors;
  std::int64_t rows = 0;  // of all files
  std::int64_t rows_read = 0;
};

ParquetReader::ParquetReader(const Configuration& configuration,
                             const std::vector<InputFile>& files)
    : state_(std::make_unique<State>(open_engine(configuration), files)) {}

ParquetReader::~ParquetReader() = default;

std::optional<Batch> ParquetReader::next() {
  State& state = *state_;
  std::size_t rows = 0;
  const auto is_full = [&] {
    std::size_t bytes = 0;
    for (const Collector& collector : state.collectors) bytes += collector.bytes();
    return bytes >= kBatchBytes;
  };
  while (!is_full()) {
    const std::size_t count = state.append_chunk();
    if (count == 0) break;
    rows += count;
  }
  if (rows == 0) return std::nullopt;
  state.rows_read += static_cast<std::int64_t>(rows);
  std::vector<Column> columns;
  for (Collector& collector : state.collectors) columns.push_back(collector.finish());
  return Batch(std::move(columns), rows);
}

double ParquetReader::progress() const noexcept {
  return state_->rows == 0
             ? 1.0
             : static_cast<double>(state_->rows_read) / static_cast<double>(state_->rows);
}

namespace {

void refuse_options(const Value& options) {
  const Value::Map* map = options.if_map();
  if (!map || map->empty()) return;
  const std::string& name = map->front().key;
  throw UnknownOption(name, {.what = "Parquet files have no option " + name + ".",
                             .consequence = "No row was read or written.",
                             .countermeasure = "Leave it out."});
}

}  // namespace

FileFormat parquet_format() {
  return {.open_reader = [](const Configuration& configuration, const std::vector<InputFile>& files,
                            const Value& options) -> std::unique_ptr<BatchReader> {
            refuse_options(options);
            return std::make_unique<ParquetReader>(configuration, files);
          },
          .open_writer = [](const Configuration& configuration, ByteSink sink,
                            const Value& options) -> std::unique_ptr<BatchWriter> {
            refuse_options(options);
            return std::make_unique<ParquetWriter>(configuration, std::move(sink));
          }};
}

}  // namespace vdk::duckdb
