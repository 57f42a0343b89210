// Batches as Arrow C structs. Each column's array shares the batch, so a receiver may move single
// children out of the struct array and release them later, as the interface allows.
#include <array>
#include <bit>
#include <cstddef>
#include <memory>

#include "data/arrow_format.hpp"
#include "data/batch_state.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {
namespace {

// What a buffer without bytes points to: some receivers refuse a null address.
alignas(64) constexpr std::array<std::uint8_t, 64> kEmptyBuffer{};

const char* format_of(ColumnType type) {
  switch (type) {
    case ColumnType::null:
      return "n";
    case ColumnType::boolean:
      return "b";
    case ColumnType::integer:
      return "l";
    case ColumnType::real:
      return "g";
    case ColumnType::binary:
      return "Z";
    case ColumnType::date:
      return "tdD";
    case ColumnType::timestamp:
      return "tsu:";
    case ColumnType::timestamp_tz:
      return "tsu:UTC";
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      return "U";
  }
  return "n";
}

struct SchemaHolder {
  std::string name;
  std::string metadata;
  std::vector<std::unique_ptr<OwnedSchema>> children;
  std::vector<ArrowSchema*> child_pointers;
};

struct ArrayHolder {
  Batch batch;  // keeps the column alive
  std::array<const void*, 3> buffers{};
  std::vector<std::unique_ptr<OwnedArray>> children;
  std::vector<ArrowArray*> child_pointers;
};

// The children release themselves where the receiver has not moved them out.
void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaHolder*>(schema->private_data);
  schema->release = nullptr;
}

void release_array(ArrowArray* array) {
  delete static_cast<ArrayHolder*>(array->private_data);
  array->release = nullptr;
}

void fill_schema(ArrowSchema* out, std::unique_ptr<SchemaHolder> holder, const char* format,
                 std::int64_t flags) {
  for (const auto& child : holder->children) holder->child_pointers.push_back(&child->value);
  *out = ArrowSchema{};
  out->format = format;
  out->name = holder->name.c_str();
  out->metadata = holder->metadata.empty() ? nullptr : holder->metadata.data();
  out->flags = flags;
  out->n_children = static_cast<std::int64_t>(holder->child_pointers.size());
  out->children = holder->child_pointers.empty() ? nullptr : holder->child_pointers.data();
  out->release = release_schema;
  out->private_data = holder.release();
}

void fill_array(ArrowArray* out, std::unique_ptr<ArrayHolder> holder, std::size_t rows,
                std::int64_t null_count, std::int64_t buffers) {
  for (const auto& child : holder->children) holder->child_pointers.push_back(&child->value);
  *out = ArrowArray{};
  out->length = static_cast<std::int64_t>(rows);
  out->null_count = null_count;
  out->n_buffers = buffers;
  out->buffers = buffers == 0 ? nullptr : holder->buffers.data();
  out->n_children = static_cast<std::int64_t>(holder->child_pointers.size());
  out->children = holder->child_pointers.empty() ? nullptr : holder->child_pointers.data();
  out->release = release_array;
  out->private_data = holder.release();
}

std::int64_t count_nulls(const std::vector<std::uint8_t>& validity, std::size_t rows) {
  if (validity.empty()) return 0;
  std::int64_t valid = 0;
  for (std::size_t i = 0; i < rows / 8; ++i) valid += std::popcount(validity[i]);
  for (std::size_t row = rows / 8 * 8; row < rows; ++row)
    valid += validity[row / 8] >> (row % 8) & 1;
  return static_cast<std::int64_t>(rows) - valid;
}

template <class Vector>
const void* address(const Vector& buffer) {
  return buffer.empty() ? static_cast<const void*>(kEmptyBuffer.data()) : buffer.data();
}

void export_field(const Field& field, ArrowSchema* out) {
  auto holder = std::make_unique<SchemaHolder>();
  holder->name = field.name;
  if (field.type == ColumnType::decimal || field.type == ColumnType::json) {
    holder->metadata =
        encode_metadata({{std::string(kTypeKey), std::string(to_string(field.type))}});
  }
  fill_schema(out, std::move(holder), format_of(field.type), ARROW_FLAG_NULLABLE);
}

void export_column(const Batch& batch, const Column& kept, ArrowArray* out) {
  const std::size_t rows = batch.rows();
  auto holder = std::make_unique<ArrayHolder>();
  holder->batch = batch;
  std::int64_t nulls = count_nulls(kept.validity, rows);
  holder->buffers[0] = nulls == 0 ? nullptr : kept.validity.data();
  std::int64_t buffers = 2;
  switch (kept.field.type) {
    case ColumnType::null:
      nulls = static_cast<std::int64_t>(rows);
      buffers = 0;
      break;
    case ColumnType::text:
    case ColumnType::binary:
    case ColumnType::decimal:
    case ColumnType::json:
      holder->buffers[1] = address(kept.offsets);
      holder->buffers[2] = address(kept.values);
      buffers = 3;
      break;
    default:
      holder->buffers[1] = address(kept.values);
  }
  fill_array(out, std::move(holder), rows, nulls, buffers);
}

}  // namespace

void Batch::export_to_arrow(const Batch& batch, ArrowSchema* schema, ArrowArray* array) {
  auto schema_holder = std::make_unique<SchemaHolder>();
  auto array_holder = std::make_unique<ArrayHolder>();
  const State& state = batch.state();
  const std::size_t count = state.schema.size();
  schema_holder->children.reserve(count);
  schema_holder->child_pointers.reserve(count);
  array_holder->children.reserve(count);
  array_holder->child_pointers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ArrowSchema& child_schema =
        schema_holder->children.emplace_back(std::make_unique<OwnedSchema>())->value;
    ArrowArray& child = array_holder->children.emplace_back(std::make_unique<OwnedArray>())->value;
    if (!state.foreign.empty() && state.foreign[i]) {
      state.foreign[i]->export_to_arrow(state.schema[i].name, &child_schema, &child);
    } else {
      export_field(state.schema[i], &child_schema);
      export_column(batch, state.columns[i], &child);
    }
  }
  fill_schema(schema, std::move(schema_holder), "+s", 0);
  fill_array(array, std::move(array_holder), batch.rows_, 0, 1);
}

}  // namespace vdk
