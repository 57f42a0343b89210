#include "vdk/data/batch_rows.hpp"

#include <cstring>
#include <numeric>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/batch_state.hpp"
#include "data/lattice.hpp"
#include "vdk/data/host_rows.hpp"

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
  if (const auto& host = batch.host_rows()) return Batch(host->slice(begin, count));
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), begin);
  return select_rows(batch, rows);
}

namespace {

// Appends `count` bits to `to`, which has `at` of them; without source they are set.
void append_bits(std::vector<std::uint8_t>& to, std::size_t at, const std::uint8_t* from,
                 std::size_t count) {
  to.resize((at + count + 7) / 8);
  for (std::size_t i = 0; i < count; ++i) {
    if (!from || (from[i / 8] >> (i % 8) & 1) != 0) set_bit(to, at + i);
  }
}

// The buffers of a column, of several batches.
void append_rows(Column& to, std::size_t at, const Column& from, std::size_t rows) {
  const auto append_values = [&](std::int64_t begin, std::int64_t end) {
    to.values.insert(to.values.end(), from.values.begin() + begin, from.values.begin() + end);
  };
  if (to.field.type == ColumnType::null) return;
  if (!to.validity.empty() || !from.validity.empty()) {
    if (to.validity.empty()) append_bits(to.validity, 0, nullptr, at);
    append_bits(to.validity, at, from.validity.empty() ? nullptr : from.validity.data(), rows);
  }
  if (to.field.type == ColumnType::boolean) {
    append_bits(to.values, at, from.values.data(), rows);
  } else if (has_offsets(to.field.type)) {
    const std::int64_t shift = static_cast<std::int64_t>(to.values.size()) - from.offsets[0];
    append_values(from.offsets[0], from.offsets[rows]);
    if (to.offsets.empty()) to.offsets.push_back(0);
    for (std::size_t row = 1; row <= rows; ++row) to.offsets.push_back(from.offsets[row] + shift);
  } else {
    append_values(0, static_cast<std::int64_t>(rows * fixed_width(to.field.type)));
  }
}

}  // namespace

Batch concatenate_rows(std::span<const Batch> batches) {
  if (batches.size() == 1) return batches.front();
  std::size_t rows = 0;
  for (const Batch& batch : batches) rows += batch.rows();
  std::vector<Column> columns;
  for (std::size_t i = 0; i < batches.front().schema().size(); ++i) {
    Column& column = columns.emplace_back(Column{batches.front().schema()[i]});
    std::size_t bytes = 0;
    for (const Batch& batch : batches) bytes += batch.column(i).values.size();
    if (column.field.type != ColumnType::boolean) column.values.reserve(bytes);
    if (has_offsets(column.field.type)) column.offsets.reserve(rows + 1);
    std::size_t at = 0;
    for (const Batch& batch : batches) {
      append_rows(column, at, batch.column(i), batch.rows());
      at += batch.rows();
    }
  }
  return Batch(std::move(columns), rows);
}

std::uint64_t digest_rows(const Batch& batch) {
  const Batch::State& state = batch.state();
  if (const std::uint64_t known = state.digest.load(std::memory_order_relaxed)) return known;
  std::uint64_t digest = state.host ? state.host->digest() : batch.rows() * 0x9e3779b97f4a7c15;
  for (std::size_t i = 0; i < state.schema.size(); ++i) {
    const bool foreign = !state.foreign.empty() && state.foreign[i];
    digest = foreign ? state.foreign[i]->digest(digest)
                     : digest_column(state.columns[i], batch.rows(), digest);
  }
  if (digest == 0) digest = 1;
  state.digest.store(digest, std::memory_order_relaxed);
  return digest;
}

std::uint64_t join_digests(std::uint64_t before, std::uint64_t after) {
  return XXH3_64bits_withSeed(&after, sizeof after, before);
}

}  // namespace vdk
