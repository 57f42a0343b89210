#include "duckdb_store.hpp"

#include <algorithm>
#include <cstring>

namespace vdk::duckdb {
namespace {

constexpr const char* kSource = "_vdk_rows";

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

// The types of a batch's columns.
class TransportTypes {
 public:
  TransportTypes(const Api& api, const Batch& batch) : api_(api) {
    for (const Column& column : batch.columns()) {
      handles_.push_back(api.create_logical_type(transport_type(column.field.type)));
    }
  }
  ~TransportTypes() {
    for (TypeHandle& type : handles_) api_.destroy_logical_type(&type);
  }
  TransportTypes(const TransportTypes&) = delete;
  TransportTypes& operator=(const TransportTypes&) = delete;
  [[nodiscard]] TypeHandle* get() noexcept { return handles_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return handles_.size(); }

 private:
  const Api& api_;
  std::vector<TypeHandle> handles_;
};

// Where a vector got no value from text that is not UTF-8: the engine makes it NULL.
struct BadText {
  const Column* column = nullptr;
  std::vector<std::size_t> rows{};  // of the batch
};

class ChunkWriter {
 public:
  ChunkWriter(const Api& api, TransportTypes& types)
      : api_(api), chunk_(api.create_data_chunk(types.get(), types.size())) {}
  ~ChunkWriter() { api_.destroy_data_chunk(&chunk_); }
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // The rows [begin, begin + count), where `begin` is a multiple of the vector size.
  ChunkHandle fill(const Batch& batch, std::size_t begin, std::size_t count, BadText& bad) {
    api_.data_chunk_reset(chunk_);
    for (std::size_t i = 0; i < batch.columns().size(); ++i) {
      fill_vector(api_.data_chunk_get_vector(chunk_, i), batch.columns()[i], begin, count, bad);
    }
    api_.data_chunk_set_size(chunk_, count);
    return chunk_;
  }

 private:
  void fill_vector(VectorHandle vector, const Column& column, std::size_t begin, std::size_t count,
                   BadText& bad) {
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
        return fill_bytes(vector, column, begin, count, bad);
    }
  }

  template <class T>
  static void copy(void* data, const Column& column, std::size_t begin, std::size_t count) {
    std::memcpy(data, column.values.data() + begin * sizeof(T), count * sizeof(T));
  }

  void fill_bytes(VectorHandle vector, const Column& column, std::size_t begin, std::size_t count,
                  BadText& bad) {
    for (std::size_t row = 0; row < count; ++row) {
      if (column.is_null(begin + row)) continue;
      const std::string_view bytes = column.bytes(begin + row);
      api_.vector_assign_string_element_len(vector, row, bytes.empty() ? "" : bytes.data(),
                                            bytes.size());
    }
    if (bad.column && bad.column != &column) return;
    const std::uint64_t* validity = api_.vector_get_validity(vector);
    for (std::size_t row = 0; validity && row < count; ++row) {
      const bool is_null = (validity[row / 64] >> (row % 64) & 1) == 0;
      if (!is_null || column.is_null(begin + row)) continue;
      bad.column = &column;
      bad.rows.push_back(begin + row);
    }
  }

  const Api& api_;
  ChunkHandle chunk_ = nullptr;
};

// An appender that hands its rows to a statement, which casts them as the engine casts, and
// evaluates defaults. Discards what it holds unless it was closed.
class Appender {
 public:
  Appender(const Connection& connection, const std::string& statement, TransportTypes& types)
      : api_(connection.api()) {
    check(api_.appender_create_query(connection.handle(), statement.c_str(), types.size(),
                                     types.get(), kSource, nullptr, &handle_));
  }
  ~Appender() {
    if (!handle_) return;
    if (!closed_) api_.appender_clear(handle_);
    api_.appender_destroy(&handle_);
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void append(ChunkHandle chunk) { check(api_.append_data_chunk(handle_, chunk)); }
  void close() {
    check(api_.appender_close(handle_));
    closed_ = true;
  }

 private:
  void check(State state) {
    if (state == State::success) return;
    ErrorHandle error = handle_ ? api_.appender_error_data(handle_) : nullptr;
    const int kind = error ? api_.error_data_error_type(error) : 0;
    if (error) api_.destroy_error_data(&error);
    const char* message = handle_ ? api_.appender_error(handle_) : nullptr;
    throw DuckdbError(kind, message ? message : "DuckDB gives no reason.",
                      DuckdbError::During::ingestion, {});
  }

  const Api& api_;
  AppenderHandle handle_ = nullptr;
  bool closed_ = false;
};

std::string message_of(const DuckdbError& error) {
  const ErrorText& text = error.text();
  return text.why.empty() ? text.what : text.what + '\n' + text.why;
}

}  // namespace

DuckdbStore::DuckdbStore(const Api& api, const Place& place, TypeMapping mapping)
    : DuckdbTables(place.path, mapping), connection_(api, place) {}

DuckdbStore::~DuckdbStore() = default;

void DuckdbStore::run(const std::string& sql) { (void)query(sql); }

std::vector<std::vector<Value>> DuckdbStore::query(const std::string& sql) {
  check_sql(sql);
  try {
    return connection_.query(sql);
  } catch (const DuckdbError& error) {
    throw_failure(message_of(error));
  }
}

void DuckdbStore::append(const TableShape& table, std::span<const std::size_t> into,
                         std::span<const Batch> batches) {
  if (batches.empty()) return;
  const std::string statement = insert_statement(table, into, kSource);
  check_sql(statement);
  const Api& api = connection_.api();
  const std::size_t step = api.vector_size();
  try {
    TransportTypes types(api, batches.front());
    Appender appender(connection_, statement, types);
    ChunkWriter writer(api, types);
    std::size_t before = 0;
    for (const Batch& batch : batches) {
      BadText bad;
      for (std::size_t begin = 0; begin < batch.rows(); begin += step) {
        const std::size_t count = std::min(step, batch.rows() - begin);
        ChunkHandle chunk = writer.fill(batch, begin, count, bad);
        if (!bad.column) appender.append(chunk);
      }
      if (bad.column) {
        for (std::size_t& row : bad.rows) row += before;
        throw_not_utf8(bad.column->field.name, std::move(bad.rows));
      }
      before += batch.rows();
    }
    appender.close();
  } catch (const DuckdbError& error) {
    throw_failure(message_of(error), table.path.back());
  }
}

std::unique_ptr<TableStore> open_store(const Configuration& configuration, std::string_view section,
                                       std::string_view) {
  return std::make_unique<DuckdbStore>(load_api(configuration), configured_place(configuration),
                                       type_mapping(configuration, section));
}

}  // namespace vdk::duckdb
