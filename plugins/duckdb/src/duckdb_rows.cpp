#include "duckdb_rows.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "duckdb_owned.hpp"

namespace vdk::duckdb {
namespace {

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

template <class T>
void copy(void* data, const Column& column, std::size_t begin, std::size_t count) {
  std::memcpy(data, column.values.data() + begin * sizeof(T), count * sizeof(T));
}

// The rows [begin, begin + count) of a column, where `begin` is a multiple of eight.
void fill(const Api& api, VectorHandle vector, const Column& column, std::size_t begin,
          std::size_t count) {
  if (column.field.type == ColumnType::null || !column.validity.empty()) {
    api.vector_ensure_validity_writable(vector);
    auto* validity = reinterpret_cast<std::uint8_t*>(api.vector_get_validity(vector));
    if (column.field.type == ColumnType::null) {
      std::memset(validity, 0, (count + 7) / 8);
      return;
    }
    std::memcpy(validity, column.validity.data() + begin / 8, (count + 7) / 8);
  }
  void* data = api.vector_get_data(vector);
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
      for (std::size_t row = 0; row < count; ++row) {
        if (column.is_null(begin + row)) continue;
        const std::string_view bytes = column.bytes(begin + row);
        api.unsafe_vector_assign_string_element_len(vector, row, bytes.empty() ? "" : bytes.data(),
                                                    bytes.size());
      }
  }
}

}  // namespace

struct RowsFunction::Source {
  const Api& api;
  std::span<const Batch> batches{};
  std::size_t batch = 0;
  std::size_t row = 0;

  // The next rows of one batch; none at the end.
  void give(ChunkHandle chunk) {
    while (batch < batches.size() && row == batches[batch].rows()) {
      ++batch;
      row = 0;
    }
    if (batch == batches.size()) return api.data_chunk_set_size(chunk, 0);
    const Batch& now = batches[batch];
    const std::size_t count = std::min<std::size_t>(api.vector_size(), now.rows() - row);
    for (std::size_t i = 0; i < now.schema().size(); ++i) {
      fill(api, api.data_chunk_get_vector(chunk, i), now.column(i), row, count);
    }
    api.data_chunk_set_size(chunk, count);
    row += count;
  }
};

// What the engine calls, one at a time; nothing may be thrown through it.
struct RowsFunction::Callbacks {
  using Shared = std::shared_ptr<Source>;

  // The library whose engine calls: it alone can tell which function is meant. There is one in a
  // process, but where somebody configures two; these accessors are the same in both.
  static inline std::atomic<const Api*> library = nullptr;

  static void bind(BindHandle info) {
    const Api& api = *library.load();
    const Source& source = **static_cast<Shared*>(api.bind_get_extra_info(info));
    if (source.batches.empty()) {
      return api.bind_set_error(info, "There are no rows: this function is not for other use.");
    }
    for (const Field& field : source.batches.front().schema()) {
      TypeHandle type = api.create_logical_type(transport_type(field.type));
      api.bind_add_result_column(info, field.name.c_str(), type);
      api.destroy_logical_type(&type);
    }
  }

  static void init(InitHandle) {}

  static void give(FunctionHandle info, ChunkHandle chunk) {
    const Api& api = *library.load();
    (*static_cast<Shared*>(api.function_get_extra_info(info)))->give(chunk);
  }

  static void forget(void* shared) { delete static_cast<Shared*>(shared); }
};

RowsFunction::RowsFunction(const Connection& connection)
    : source_(std::make_shared<Source>(connection.api())) {
  static std::atomic<unsigned> last = 0;  // the engine may have those of other connections
  const std::string name = "_vdk_rows_" + std::to_string(++last);
  const Api& api = connection.api();
  Callbacks::library = &api;
  Owned<TableFunctionHandle> function(api.destroy_table_function);
  *function.out() = api.create_table_function();
  api.table_function_set_name(function.get(), name.c_str());
  api.table_function_set_extra_info(function.get(), new Callbacks::Shared(source_),
                                    Callbacks::forget);
  api.table_function_set_bind(function.get(), Callbacks::bind);
  api.table_function_set_init(function.get(), Callbacks::init);
  api.table_function_set_function(function.get(), Callbacks::give);
  if (api.register_table_function(connection.handle(), function.get()) != State::success) {
    throw DuckdbError("INTERNAL Error: DuckDB takes no table function of ours.",
                      DuckdbError::During::ingestion);
  }
  sql_ = name + "()";
}

void RowsFunction::offer(std::span<const Batch> batches) noexcept {
  source_->batches = batches;
  source_->batch = 0;
  source_->row = 0;
}

void RowsFunction::withdraw() noexcept { offer({}); }

}  // namespace vdk::duckdb
