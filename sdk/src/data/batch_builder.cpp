#include "vdk/data/batch_builder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "data/lattice.hpp"
#include "vdk/base/error.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

// Bytes at the end of a vector that is grown ahead of its use, so that appending a value is one
// comparison and one store.
class Bytes {
 public:
  [[nodiscard]] std::uint8_t* extend(std::size_t count) {
    if (storage_.size() - used_ < count) grow(count);
    std::uint8_t* place = storage_.data() + used_;
    used_ += count;
    return place;
  }
  void append(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void append_zeros(std::size_t count) {
    if (count != 0) std::memset(extend(count), 0, count);
  }
  void truncate(std::size_t used) noexcept { used_ = used; }
  // Room that is not touched, and so takes no memory, before it is used.
  void reserve(std::size_t size) { storage_.reserve(size); }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return storage_.data(); }
  [[nodiscard]] std::uint8_t* data() noexcept { return storage_.data(); }
  [[nodiscard]] std::vector<std::uint8_t> take() {
    storage_.resize(used_);
    if (storage_.capacity() - used_ > used_ / 3) storage_.shrink_to_fit();
    used_ = 0;
    return std::exchange(storage_, {});
  }

 private:
  void grow(std::size_t count) {
    constexpr std::size_t kSmallest = 64;
    const std::size_t wanted = std::max({used_ + count, storage_.size() * 2, kSmallest});
    const bool has_room = used_ + count <= storage_.capacity();
    storage_.resize(has_room ? std::min(wanted, storage_.capacity()) : wanted);
  }

  std::vector<std::uint8_t> storage_;  // its size is what is grown, not what is used
  std::size_t used_ = 0;
};

void append_bit(Bytes& bits, std::size_t index, bool value) {
  if (index % 8 == 0) *bits.extend(1) = 0;
  if (value) bits.data()[index / 8] |= static_cast<std::uint8_t>(1U << (index % 8));
}

// Drops all bits from `count` on; those of the last byte become 0, as append_bit relies on.
void truncate_bits(Bytes& bits, std::size_t count) {
  bits.truncate((count + 7) / 8);
  if (count % 8 != 0) bits.data()[count / 8] &= static_cast<std::uint8_t>((1U << (count % 8)) - 1U);
}

bool bit_at(const Bytes& bits, std::size_t index) {
  return (bits.data()[index / 8] >> (index % 8) & 1) != 0;
}

template <class T>
T load(const std::uint8_t* place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return value;
}

bool is_exact_as_real(std::int64_t value) {
  const auto real = static_cast<double>(value);
  // 2^63 itself is a double but no int64: the conversion back would be undefined.
  return real < 9223372036854775808.0 && static_cast<std::int64_t>(real) == value;
}

constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;

bool is_json_number(std::string_view text) {
  const auto digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

// One value of a mixed column.
struct Cell {
  ColumnType type;
  std::uint64_t fixed;     // the bits of a value of fixed width
  std::string_view bytes;  // of text, binary, decimal, json

  [[nodiscard]] std::int64_t integer() const { return std::bit_cast<std::int64_t>(fixed); }
  [[nodiscard]] double real() const { return std::bit_cast<double>(fixed); }
};

// Whether the value, whose type is narrower or equal, is exact in `target`.
bool fits(const Cell& cell, ColumnType target) {
  switch (target) {
    case ColumnType::real:
      return cell.type != ColumnType::integer || is_exact_as_real(cell.integer());
    case ColumnType::json:
      if (cell.type == ColumnType::real) return std::isfinite(cell.real());
      return cell.type != ColumnType::decimal || is_json_number(cell.bytes);
    case ColumnType::timestamp:
      return cell.type != ColumnType::date ||
             std::abs(cell.integer()) <=
                 std::numeric_limits<std::int64_t>::max() / kMicrosecondsPerDay;
    default:
      return true;
  }
}

// The value in a type of fixed width that it fits.
std::uint64_t fixed_form(const Cell& cell, ColumnType target) {
  if (target == ColumnType::real && cell.type != ColumnType::real) {
    return std::bit_cast<std::uint64_t>(static_cast<double>(cell.integer()));
  }
  if (target == ColumnType::timestamp && cell.type == ColumnType::date) {
    return std::bit_cast<std::uint64_t>(cell.integer() * kMicrosecondsPerDay);
  }
  return cell.fixed;
}

// The value in decimal, json or text.
void append_form(std::string& out, const Cell& cell, ColumnType target) {
  switch (cell.type) {
    case ColumnType::null:
      return;
    case ColumnType::boolean:
      if (target == ColumnType::decimal) {
        out += cell.fixed != 0 ? '1' : '0';
      } else if (target == ColumnType::json) {
        out += cell.fixed != 0 ? "true" : "false";
      } else {
        append_boolean_text(out, cell.fixed != 0);
      }
      return;
    case ColumnType::integer:
      return append_integer_text(out, cell.integer());
    case ColumnType::real:
      return target == ColumnType::decimal ? append_decimal_text(out, cell.real())
                                           : append_real_text(out, cell.real());
    case ColumnType::binary:
      if (target == ColumnType::text) return append_bytes_text(out, cell.bytes);
      out += cell.bytes;
      return;
    case ColumnType::date:
      return append_date_text(out, cell.integer());
    case ColumnType::timestamp:
      return append_timestamp_text(out, cell.integer());
    case ColumnType::timestamp_tz:
      return append_timestamp_utc_text(out, cell.integer());
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      out += cell.bytes;
      return;
  }
}

// A column in the making. As long as all its values have one type it is laid out as Arrow wants it.
// With the first value of another type it becomes mixed: the values so far are copied once, each
// with its type, and only finish() decides.
struct GrowingColumn {
  explicit GrowingColumn(std::string column_name) : name(std::move(column_name)) {}

  std::string name;
  ColumnType type =
      ColumnType::null;  // null while mixed, so that one comparison tells the fast path
  bool mixed = false;
  std::size_t length =
      0;  // rows that it has; those up to the builder's row are null once it matters
  std::size_t nulls = 0;
  std::size_t gaps = 0;  // nulls of rows that did not name it
  Bytes validity;        // empty while there are no nulls
  Bytes values;          // a mixed column: [length, bytes] of each value without fixed width
  Bytes offsets;         // int64
  Bytes types;           // mixed only: ColumnType of each row
  Bytes slots;           // mixed only: 8 bytes for each row, the value or its place in `values`

  [[nodiscard]] std::size_t bytes() const noexcept {
    return validity.used() + values.used() + offsets.used() + types.used() + slots.used();
  }
  [[nodiscard]] bool is_valid(std::size_t row) const {
    return type != ColumnType::null && (validity.used() == 0 || bit_at(validity, row));
  }
  [[nodiscard]] Cell cell(std::size_t row) const {
    if (!mixed) return plain_cell(row);
    const auto kind = static_cast<ColumnType>(types.data()[row]);
    const auto slot = load<std::uint64_t>(slots.data() + row * 8);
    if (!has_offsets(kind)) return {kind, slot, {}};
    const std::uint8_t* place = values.data() + slot;
    return {kind,
            0,
            {reinterpret_cast<const char*>(place) + 8,
             static_cast<std::size_t>(load<std::uint64_t>(place))}};
  }

  void put_valid() {
    if (validity.used() != 0) append_bit(validity, length, true);
    ++length;
  }
  template <class T>
  void put_fixed(T value) {
    std::memcpy(values.extend(sizeof value), &value, sizeof value);
    put_valid();
  }
  void put_boolean(bool value) {
    append_bit(values, length, value);
    put_valid();
  }
  void put_bytes(std::string_view bytes) {
    values.append(bytes);
    put_offset();
    put_valid();
  }
  void put_cell(const Cell& cell) {
    std::uint64_t slot = cell.fixed;
    if (has_offsets(cell.type)) {
      slot = values.used();
      const std::uint64_t size = cell.bytes.size();
      std::memcpy(values.extend(sizeof size), &size, sizeof size);
      values.append(cell.bytes);
    }
    *types.extend(1) = static_cast<std::uint8_t>(cell.type);
    std::memcpy(slots.extend(8), &slot, 8);
    ++length;
  }
  void put_nulls(std::size_t count) {
    if (count == 0) return;
    if (mixed) {
      types.append_zeros(count);
      slots.append_zeros(count * 8);
      static_assert(static_cast<int>(ColumnType::null) == 0);
    } else if (type != ColumnType::null) {
      if (validity.used() == 0) start_validity();
      for (std::size_t i = 0; i < count; ++i) append_bit(validity, length + i, false);
      put_null_values(count);
    }
    length += count;
    nulls += count;
  }

  void start(ColumnType first) {
    type = first;
    if (has_offsets(type)) put_offset();
    const std::size_t rows = std::exchange(length, 0);
    nulls = 0;
    put_nulls(rows);
  }

  void mix() {
    GrowingColumn other(name);
    other.mixed = true;
    other.nulls = nulls;
    other.slots.reserve(length * 8);
    other.types.reserve(length);
    for (std::size_t row = 0; row < length; ++row) other.put_cell(plain_cell(row));
    other.gaps = gaps;
    *this = std::move(other);
  }

  void truncate(std::size_t rows) {
    for (; length > rows; --length) {
      if (cell(length - 1).type == ColumnType::null) --nulls;
      if (mixed && has_offsets(static_cast<ColumnType>(types.data()[length - 1]))) {
        values.truncate(load<std::uint64_t>(slots.data() + (length - 1) * 8));
      }
    }
    if (mixed) {
      types.truncate(rows);
      slots.truncate(rows * 8);
    } else if (type == ColumnType::boolean) {
      truncate_bits(values, rows);
    } else if (has_offsets(type)) {
      offsets.truncate((rows + 1) * 8);
      values.truncate(load<std::uint64_t>(offsets.data() + rows * 8));
    } else {
      values.truncate(rows * fixed_width(type));
    }
    if (validity.used() != 0) truncate_bits(validity, rows);
    if (nulls == length) forget_type();
  }

  [[nodiscard]] Column finish() {
    if (mixed) return unmix();
    Column column{{std::move(name), type}};
    if (type == ColumnType::null) return column;
    if (nulls != 0) column.validity = validity.take();
    column.values = values.take();
    if (has_offsets(type)) column.offsets = take_offsets();
    return column;
  }

 private:
  [[nodiscard]] Cell plain_cell(std::size_t row) const {
    if (!is_valid(row)) return {ColumnType::null, 0, {}};
    if (type == ColumnType::boolean) return {type, bit_at(values, row) ? 1U : 0U, {}};
    if (type == ColumnType::date) {
      const std::int64_t days = load<std::int32_t>(values.data() + row * 4);
      return {type, std::bit_cast<std::uint64_t>(days), {}};
    }
    if (!has_offsets(type)) return {type, load<std::uint64_t>(values.data() + row * 8), {}};
    const auto begin = load<std::uint64_t>(offsets.data() + row * 8);
    const auto end = load<std::uint64_t>(offsets.data() + (row + 1) * 8);
    return {type, 0, {reinterpret_cast<const char*>(values.data()) + begin, end - begin}};
  }

  void put_offset() {
    const auto end = static_cast<std::int64_t>(values.used());
    std::memcpy(offsets.extend(sizeof end), &end, sizeof end);
  }
  void put_null_values(std::size_t count) {
    if (type == ColumnType::boolean) {
      for (std::size_t i = 0; i < count; ++i) append_bit(values, length + i, false);
    } else if (has_offsets(type)) {
      for (std::size_t i = 0; i < count; ++i) put_offset();
    } else {
      values.append_zeros(count * fixed_width(type));
    }
  }
  void start_validity() {
    for (std::size_t row = 0; row < length; ++row) append_bit(validity, row, true);
  }
  void forget_type() {
    GrowingColumn empty(std::move(name));
    empty.length = length;
    empty.nulls = nulls;
    empty.gaps = gaps;
    *this = std::move(empty);
  }
  [[nodiscard]] std::vector<std::int64_t> take_offsets() const {
    std::vector<std::int64_t> result(length + 1);
    std::memcpy(result.data(), offsets.data(), result.size() * sizeof(std::int64_t));
    return result;
  }

  [[nodiscard]] ColumnType narrowest_type() const {
    std::array<bool, 256> seen{};
    for (std::size_t row = 0; row < length; ++row) seen[types.data()[row]] = true;
    ColumnType result = ColumnType::null;
    for (std::size_t type_index = 0; type_index < seen.size(); ++type_index) {
      if (seen[type_index]) result = unite(result, static_cast<ColumnType>(type_index));
    }
    const auto all_fit = [this](ColumnType target) {
      for (std::size_t row = 0; row < length; ++row) {
        if (!fits(cell(row), target)) return false;
      }
      return true;
    };
    while (!all_fit(result)) result = wider(result);
    return result;
  }

  [[nodiscard]] Column unmix() {
    GrowingColumn result(std::move(name));
    const ColumnType target = narrowest_type();
    if (target == ColumnType::null) {
      result.length = length;
      return result.finish();
    }
    result.start(target);
    std::string scratch;
    for (std::size_t row = 0; row < length; ++row) {
      const Cell value = cell(row);
      if (value.type == ColumnType::null) {
        result.put_nulls(1);
      } else if (has_offsets(target)) {
        scratch.clear();
        append_form(scratch, value, target);
        result.put_bytes(scratch);
      } else if (target == ColumnType::boolean) {
        result.put_boolean(value.fixed != 0);
      } else if (target == ColumnType::date) {
        result.put_fixed(static_cast<std::int32_t>(value.integer()));
      } else {
        result.put_fixed(fixed_form(value, target));
      }
    }
    return result.finish();
  }
};

// What a column of the batch before took: the next batch is mostly alike, and its column need not
// grow step by step.
struct Sizes {
  std::string name;
  std::size_t values;
  std::size_t offsets;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

struct BatchBuilder::State {
  std::vector<GrowingColumn> columns;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> by_name;
  std::size_t rows = 0;
  std::size_t expected_column = 0;  // rows name their columns in the same order, mostly
  std::size_t bytes = 0;
  std::vector<Sizes> former;  // of the batch before, by index of the column

  GrowingColumn& ready(std::size_t index, ColumnType type) {
    assert(index < columns.size());
    GrowingColumn& column = columns[index];
    if (column.length != rows || column.type != type) [[unlikely]]
      prepare(column, type);
    return column;
  }

  void prepare(GrowingColumn& column, ColumnType type) {
    const std::size_t before = column.bytes();
    if (column.length > rows) column.truncate(rows);
    column.gaps += rows - column.length;
    column.put_nulls(rows - column.length);
    if (type != ColumnType::null && !column.mixed) {
      if (column.type == ColumnType::null) {
        reserve(column);
        column.start(type);
      } else if (column.type != type) {
        column.mix();
      }
    }
    bytes += column.bytes() - before;  // wraps around where it shrinks, and so does the sum
  }

  void reserve(GrowingColumn& column) {
    const auto index = static_cast<std::size_t>(&column - columns.data());
    if (index >= former.size() || former[index].name != column.name) return;
    constexpr std::size_t kSlack = 8;  // an eighth more, as batches are alike and not the same
    column.values.reserve(former[index].values + former[index].values / kSlack);
    column.offsets.reserve(former[index].offsets + former[index].offsets / kSlack);
  }

  template <class T>
  void append_fixed(std::size_t index, ColumnType type, T value) {
    GrowingColumn& column = ready(index, type);
    if (column.mixed) [[unlikely]] {
      static_assert(sizeof(T) == 8);
      return append_cell(column, {type, std::bit_cast<std::uint64_t>(value), {}});
    }
    column.put_fixed(value);
    bytes += sizeof value;
  }

  void append_bytes(std::size_t index, ColumnType type, std::string_view text) {
    GrowingColumn& column = ready(index, type);
    if (column.mixed) [[unlikely]]
      return append_cell(column, {type, 0, text});
    column.put_bytes(text);
    bytes += text.size() + sizeof(std::int64_t);
  }

  void append_cell(GrowingColumn& column, const Cell& cell) {
    const std::size_t before = column.bytes();
    column.put_cell(cell);
    bytes += column.bytes() - before;
  }
};

BatchBuilder::BatchBuilder() : state_(std::make_unique<State>()) {}
BatchBuilder::~BatchBuilder() = default;
BatchBuilder::BatchBuilder(BatchBuilder&&) noexcept = default;
BatchBuilder& BatchBuilder::operator=(BatchBuilder&&) noexcept = default;

std::size_t BatchBuilder::column(std::string_view name) {
  State& state = *state_;
  std::size_t index = state.expected_column;
  if (index >= state.columns.size() || state.columns[index].name != name) {
    if (const auto known = state.by_name.find(name); known != state.by_name.end()) {
      index = known->second;
    } else {
      index = state.columns.size();
      state.columns.emplace_back(std::string(name));
      state.by_name.emplace(name, index);
      state.bytes += sizeof(GrowingColumn) + 2 * name.size();
    }
  }
  state.expected_column = index + 1;
  return index;
}

void BatchBuilder::append_null(std::size_t column) {
  GrowingColumn& chosen = state_->ready(column, ColumnType::null);
  const std::size_t before = chosen.bytes();
  chosen.put_nulls(1);
  state_->bytes += chosen.bytes() - before;
}

void BatchBuilder::append_boolean(std::size_t column, bool value) {
  GrowingColumn& chosen = state_->ready(column, ColumnType::boolean);
  if (chosen.mixed) return state_->append_cell(chosen, {ColumnType::boolean, value ? 1U : 0U, {}});
  chosen.put_boolean(value);
}

void BatchBuilder::append_integer(std::size_t column, std::int64_t value) {
  state_->append_fixed(column, ColumnType::integer, value);
}

void BatchBuilder::append_real(std::size_t column, double value) {
  state_->append_fixed(column, ColumnType::real, value);
}

void BatchBuilder::append_text(std::size_t column, std::string_view utf8) {
  state_->append_bytes(column, ColumnType::text, utf8);
}

void BatchBuilder::append_binary(std::size_t column, std::string_view bytes) {
  state_->append_bytes(column, ColumnType::binary, bytes);
}

void BatchBuilder::append_date(std::size_t column, std::int64_t days) {
  if (days != static_cast<std::int32_t>(days)) {
    throw user_error(
        {.what = "Column \"" + state_->columns[column].name + "\" got a date that is out of range.",
         .why = std::to_string(days) + " days from 1970-01-01 do not fit 32 bits.",
         .consequence = "The row cannot be ingested.",
         .countermeasure = "Correct the date, or send it as text."});
  }
  GrowingColumn& chosen = state_->ready(column, ColumnType::date);
  if (chosen.mixed) {
    return state_->append_cell(chosen, {ColumnType::date, std::bit_cast<std::uint64_t>(days), {}});
  }
  chosen.put_fixed(static_cast<std::int32_t>(days));
  state_->bytes += sizeof(std::int32_t);
}

void BatchBuilder::append_timestamp(std::size_t column, std::int64_t microseconds) {
  state_->append_fixed(column, ColumnType::timestamp, microseconds);
}

void BatchBuilder::append_timestamp_utc(std::size_t column, std::int64_t microseconds) {
  state_->append_fixed(column, ColumnType::timestamp_tz, microseconds);
}

void BatchBuilder::append_decimal(std::size_t column, std::string_view text) {
  state_->append_bytes(column, ColumnType::decimal, text);
}

void BatchBuilder::append_json(std::size_t column, std::string_view text) {
  state_->append_bytes(column, ColumnType::json, text);
}

void BatchBuilder::end_row() {
  State& state = *state_;
  ++state.rows;
  state.expected_column = 0;
}

void BatchBuilder::abandon_row() {
  State& state = *state_;
  for (GrowingColumn& column : state.columns) {
    if (column.length <= state.rows) continue;
    const std::size_t before = column.bytes();
    column.truncate(state.rows);
    state.bytes += column.bytes() - before;
  }
  state.expected_column = 0;
}

std::size_t BatchBuilder::rows() const noexcept { return state_->rows; }

std::size_t BatchBuilder::bytes() const noexcept {
  // Validity and booleans take a bit or two for each row and column.
  return state_->bytes + state_->rows * state_->columns.size() / 4;
}

Batch BatchBuilder::finish() {
  abandon_row();
  State& state = *state_;
  std::vector<Column> columns;
  columns.reserve(state.columns.size());
  std::vector<Sizes> sizes;
  sizes.reserve(state.columns.size());
  for (GrowingColumn& column : state.columns) {
    sizes.push_back({column.name, column.values.used(), column.offsets.used()});
    if (column.length == column.gaps) continue;
    column.put_nulls(state.rows - column.length);
    columns.push_back(column.finish());
  }
  Batch batch(std::move(columns), state.rows);
  *state_ = State{};
  state_->former = std::move(sizes);
  return batch;
}

}  // namespace vdk
