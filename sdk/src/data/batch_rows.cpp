#include "data/batch_rows.hpp"

#include <cstring>
#include <numeric>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/batch_state.hpp"
#include "data/lattice.hpp"

namespace vdk {
namespace {

void set_bit(std::vector<std::uint8_t>& bits, std::size_t index) {
  bits[index / 8] |= static_cast<std::uint8_t>(1U << (index % 8));
}

// One word for each cell: the bits of its value, or a hash of its bytes.
std::uint64_t cell_word(const Column& column, std::size_t row) {
  if (column.is_null(row)) return 0x9e3779b97f4a7c15;
  switch (column.field.type) {
    case ColumnType::boolean:
      return column.boolean(row) ? 1 : 0;
    case ColumnType::text:
    case ColumnType::binary:
    case ColumnType::decimal:
    case ColumnType::json: {
      const std::string_view bytes = column.bytes(row);
      return XXH3_64bits(bytes.data(), bytes.size());
    }
    default:
      return static_cast<std::uint64_t>(column.integer(row));
  }
}

std::uint64_t digest_column(const Column& column, std::size_t rows, std::uint64_t seed) {
  std::uint64_t digest = XXH3_64bits_withSeed(column.field.name.data(), column.field.name.size(),
                                              seed + static_cast<std::uint64_t>(column.field.type));
  if (column.field.type == ColumnType::null) return digest;
  // Without nulls the buffers say nothing but the values.
  if (column.validity.empty() && column.field.type != ColumnType::boolean) {
    if (has_offsets(column.field.type)) {
      digest = XXH3_64bits_withSeed(column.offsets.data(),
                                    column.offsets.size() * sizeof(std::int64_t), digest);
    }
    return XXH3_64bits_withSeed(column.values.data(), column.values.size(), digest);
  }
  constexpr std::size_t kBlock = 512;
  std::uint64_t words[kBlock];
  for (std::size_t begin = 0; begin < rows; begin += kBlock) {
    const std::size_t count = std::min(kBlock, rows - begin);
    for (std::size_t i = 0; i < count; ++i) words[i] = cell_word(column, begin + i);
    digest = XXH3_64bits_withSeed(words, count * sizeof(std::uint64_t), digest);
  }
  return digest;
}

}  // namespace

Column select_rows(const Column& column, std::span<const std::size_t> rows) {
  Column result{column.field};
  if (column.field.type == ColumnType::null) return result;
  const std::size_t bits = (rows.size() + 7) / 8;
  if (!column.validity.empty()) {
    result.validity.assign(bits, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!column.is_null(rows[i])) set_bit(result.validity, i);
    }
  }
  if (column.field.type == ColumnType::boolean) {
    result.values.assign(bits, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (column.boolean(rows[i])) set_bit(result.values, i);
    }
  } else if (has_offsets(column.field.type)) {
    result.offsets.reserve(rows.size() + 1);
    result.offsets.push_back(0);
    for (const std::size_t row : rows) {
      const std::string_view bytes = column.bytes(row);
      result.values.insert(result.values.end(), bytes.begin(), bytes.end());
      result.offsets.push_back(static_cast<std::int64_t>(result.values.size()));
    }
  } else {
    const std::size_t width = fixed_width(column.field.type);
    result.values.resize(rows.size() * width);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::memcpy(result.values.data() + i * width, column.values.data() + rows[i] * width, width);
    }
  }
  return result;
}

Batch select_rows(const Batch& batch, std::span<const std::size_t> rows) {
  std::vector<Column> columns;
  columns.reserve(batch.columns().size());
  for (const Column& column : batch.columns()) columns.push_back(select_rows(column, rows));
  return Batch(std::move(columns), rows.size());
}

Batch slice_rows(const Batch& batch, std::size_t begin, std::size_t count) {
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), begin);
  return select_rows(batch, rows);
}

std::uint64_t digest_rows(const Batch& batch, std::uint64_t seed) {
  std::uint64_t digest = seed ^ (batch.rows() * 0x9e3779b97f4a7c15);
  const Batch::State& state = batch.state();
  for (std::size_t i = 0; i < state.schema.size(); ++i) {
    const bool foreign = !state.foreign.empty() && state.foreign[i];
    digest = foreign ? state.foreign[i]->digest(digest)
                     : digest_column(state.columns[i], batch.rows(), digest);
  }
  return digest;
}

}  // namespace vdk
