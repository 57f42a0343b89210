#include "csv_columns.hpp"

#include <cmath>
#include <limits>

namespace vdk::csv {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

// An integer as it was asked for: also a real number without a fraction, as long as it is in range.
std::optional<std::int64_t> asked_integer(std::string_view text, const AskedType& asked,
                                          const NumberSyntax& syntax) {
  std::optional<std::int64_t> value = parse_integer(text, syntax);
  if (!value) {
    const std::optional<double> real = parse_real(text, syntax);
    if (!real || std::trunc(*real) != *real || *real < -kTwoTo63 || *real >= kTwoTo63) {
      return std::nullopt;
    }
    value = static_cast<std::int64_t>(*real);
  }
  if (asked.is_unsigned && *value < 0) return std::nullopt;
  const int bits = asked.is_unsigned ? asked.bits : asked.bits - 1;
  if (bits < 63) {
    const std::int64_t limit = std::int64_t{1} << bits;
    if (*value >= limit || *value < -limit) return std::nullopt;
  }
  return value;
}

std::optional<bool> asked_boolean(std::string_view text, const NumberSyntax& syntax) {
  if (const std::optional<bool> value = parse_boolean(text)) return value;
  const std::optional<double> number = parse_real(text, syntax);
  if (!number || (*number != 0 && *number != 1)) return std::nullopt;
  return *number != 0;
}

bool fits(std::string_view text, const AskedType& asked, const NumberSyntax& syntax) {
  switch (asked.type) {
    case ColumnType::integer:
      return asked_integer(text, asked, syntax).has_value();
    case ColumnType::real:
      return parse_real(text, syntax).has_value();
    case ColumnType::boolean:
      return asked_boolean(text, syntax).has_value();
    default:
      return true;
  }
}

}  // namespace

ColumnType type_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::nothing:
      return ColumnType::null;
    case Kind::boolean:
      return ColumnType::boolean;
    case Kind::integer:
      return ColumnType::integer;
    case Kind::big_integer:
      return ColumnType::decimal;
    case Kind::real:
      return ColumnType::real;
    case Kind::text:
      return ColumnType::text;
  }
  return ColumnType::text;
}

std::optional<Misfit> infer(const Rows& rows, const ColumnPlan& plan, const NumberSyntax& syntax,
                            Kind& kind) {
  const NullTexts& nulls = *plan.nulls;
  const std::size_t column = plan.field;
  if (plan.asked && plan.asked->type == ColumnType::text) return std::nullopt;
  // Anything may be in a column of texts.
  for (std::size_t row = 0; row < rows.count && (plan.asked || kind != Kind::text); ++row) {
    const Slice& field = rows.field(row, column);
    const char* text = rows.text + field.begin;
    if (!nulls.hides_values() && !plan.asked) {
      std::int64_t integer = 0;
      double real = 0;
      if (kind == Kind::integer && fast_integer(text, field.size, integer)) continue;
      if (kind == Kind::real && fast_real(text, field.size, syntax.decimal, real)) continue;
    }
    const std::string_view view(text, field.size);
    if (nulls.contains(view)) continue;
    if (plan.asked) {
      if (!fits(view, *plan.asked, syntax)) return Misfit{row, std::string(view)};
    } else {
      kind = unite(kind, classify(view, syntax));
    }
  }
  return std::nullopt;
}

ColumnBuilder::ColumnBuilder(const ColumnPlan& plan, ColumnType type, const NumberSyntax& syntax)
    : plan_(plan), syntax_(syntax), column_{{plan.name, type}} {}

void ColumnBuilder::reserve(std::size_t rows) {
  switch (column_.field.type) {
    case ColumnType::null:
      return;
    case ColumnType::boolean:
      return column_.values.reserve(rows / 8 + 1);
    case ColumnType::integer:
    case ColumnType::real:
      return column_.values.reserve(rows * 8);
    default:
      return column_.offsets.reserve(rows + 1);
  }
}

bool ColumnBuilder::append(const Rows& rows, std::size_t& nulls) {
  const std::size_t nulls_before = nulls_;
  if (!column_.validity.empty()) column_.validity.resize((rows_ + rows.count + 7) / 8, 0xFF);
  bool good = true;
  switch (column_.field.type) {
    case ColumnType::null:
      nulls_ += rows.count;
      for (std::size_t row = 0; row < rows.count && good; ++row) {
        good = plan_.nulls->contains(rows.view(rows.field(row, plan_.field)));
      }
      break;
    case ColumnType::boolean:
      good = append_booleans(rows);
      break;
    case ColumnType::integer:
      good = append_integers(rows);
      break;
    case ColumnType::real:
      good = append_reals(rows);
      break;
    case ColumnType::decimal:
      good = append_decimals(rows);
      break;
    default:
      good = append_texts(rows);
      break;
  }
  rows_ += rows.count;
  if (!column_.validity.empty()) column_.validity.resize((rows_ + 7) / 8, 0xFF);
  nulls = nulls_ - nulls_before;
  return good;
}

void ColumnBuilder::put_null(std::size_t row) {
  if (column_.validity.size() <= row / 8) column_.validity.resize(row / 8 + 1, 0xFF);
  column_.validity[row / 8] &= static_cast<std::uint8_t>(~(1U << (row % 8)));
  ++nulls_;
}

// `parse` gives a value by text and size, or says that it has none and whether it is null.
template <class Parse>
bool ColumnBuilder::append_fixed(const Rows& rows, const Parse& parse) {
  column_.values.resize((rows_ + rows.count) * 8);
  std::uint8_t* out = column_.values.data() + rows_ * 8;
  for (std::size_t row = 0; row < rows.count; ++row, out += 8) {
    const Slice& field = rows.field(row, plan_.field);
    if (!parse(rows.text + field.begin, field.size, out)) {
      if (!plan_.nulls->contains(rows.view(field))) return false;
      put_null(rows_ + row);
    }
  }
  return true;
}

bool ColumnBuilder::append_integers(const Rows& rows) {
  const auto slow = [this](std::string_view text, std::uint8_t* out) {
    if (plan_.nulls->contains(text)) return false;
    const std::optional<std::int64_t> value =
        plan_.asked ? asked_integer(text, *plan_.asked, syntax_) : parse_integer(text, syntax_);
    if (value) std::memcpy(out, &*value, 8);
    return value.has_value();
  };
  if (plan_.asked || plan_.nulls->hides_values()) {
    return append_fixed(rows, [&](const char* text, std::size_t size, std::uint8_t* out) {
      return slow({text, size}, out);
    });
  }
  return append_fixed(rows, [&](const char* text, std::size_t size, std::uint8_t* out) {
    std::int64_t value = 0;
    if (!fast_integer(text, size, value)) return size != 0 && slow({text, size}, out);
    std::memcpy(out, &value, 8);
    return true;
  });
}

bool ColumnBuilder::append_reals(const Rows& rows) {
  const bool is_single = plan_.asked && plan_.asked->bits == 32;
  const auto slow = [&](std::string_view text, std::uint8_t* out) {
    if (plan_.nulls->contains(text)) return false;
    std::optional<double> value = parse_real(text, syntax_);
    if (!value) return false;
    if (is_single) value = static_cast<double>(static_cast<float>(*value));
    std::memcpy(out, &*value, 8);
    return true;
  };
  if (plan_.nulls->has_numbers()) {
    column_.values.resize((rows_ + rows.count) * 8);
    for (std::size_t row = 0; row < rows.count; ++row) {
      const std::string_view text = rows.view(rows.field(row, plan_.field));
      std::uint8_t* out = column_.values.data() + (rows_ + row) * 8;
      double value = 0;
      const bool is_number = slow(text, out);
      if (is_number) std::memcpy(&value, out, 8);
      if (!is_number && !plan_.nulls->contains(text)) return false;
      if (!is_number || plan_.nulls->contains_number(value)) put_null(rows_ + row);
    }
    return true;
  }
  if (is_single || plan_.nulls->hides_values()) {
    return append_fixed(rows, [&](const char* text, std::size_t size, std::uint8_t* out) {
      return slow({text, size}, out);
    });
  }
  return append_fixed(rows, [&](const char* text, std::size_t size, std::uint8_t* out) {
    double value = 0;
    if (!fast_real(text, size, syntax_.decimal, value)) {
      return size != 0 && slow({text, size}, out);
    }
    std::memcpy(out, &value, 8);
    return true;
  });
}

bool ColumnBuilder::append_booleans(const Rows& rows) {
  column_.values.resize((rows_ + rows.count + 7) / 8);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const std::string_view text = rows.view(rows.field(row, plan_.field));
    if (plan_.nulls->contains(text)) {
      put_null(rows_ + row);
      continue;
    }
    const std::optional<bool> value =
        plan_.asked ? asked_boolean(text, syntax_) : parse_boolean(text);
    if (!value) return false;
    const std::size_t at = rows_ + row;
    if (*value) column_.values[at / 8] |= static_cast<std::uint8_t>(1U << (at % 8));
  }
  return true;
}

bool ColumnBuilder::append_texts(const Rows& rows) {
  constexpr std::size_t kShort = 16;
  std::size_t size = 0;
  for (std::size_t row = 0; row < rows.count; ++row) size += rows.field(row, plan_.field).size;
  if (column_.offsets.empty()) column_.offsets.push_back(0);
  auto end = static_cast<std::size_t>(column_.offsets.back());
  column_.values.resize(end + size + kShort);
  column_.offsets.resize(rows_ + rows.count + 1);
  std::int64_t* offset = column_.offsets.data() + rows_ + 1;
  std::uint8_t* values = column_.values.data();
  for (std::size_t row = 0; row < rows.count; ++row) {
    const Slice& field = rows.field(row, plan_.field);
    const char* text = rows.text + field.begin;
    if (plan_.nulls->contains({text, field.size})) {
      put_null(rows_ + row);
    } else {
      // Both sides have room for more than a short text, so its size does not matter.
      std::memcpy(values + end, text, field.size <= kShort ? kShort : field.size);
      end += field.size;
    }
    *offset++ = static_cast<std::int64_t>(end);
  }
  column_.values.resize(end);
  return true;
}

bool ColumnBuilder::append_decimals(const Rows& rows) {
  if (column_.offsets.empty()) column_.offsets.push_back(0);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const std::string_view text = rows.view(rows.field(row, plan_.field));
    if (plan_.nulls->contains(text)) {
      put_null(rows_ + row);
    } else {
      const std::optional<std::string> number = plain_number(text, syntax_);
      if (!number) return false;
      column_.values.insert(column_.values.end(), number->begin(), number->end());
    }
    column_.offsets.push_back(static_cast<std::int64_t>(column_.values.size()));
  }
  return true;
}

void ColumnBuilder::truncate(std::size_t rows) {
  for (std::size_t row = rows; row < rows_; ++row) nulls_ -= is_null(row) ? 1U : 0U;
  rows_ = rows;
  if (!column_.validity.empty()) {
    column_.validity.resize((rows + 7) / 8);
    if (rows % 8 != 0) column_.validity.back() |= static_cast<std::uint8_t>(0xFFU << (rows % 8));
  }
  switch (column_.field.type) {
    case ColumnType::null:
      break;
    case ColumnType::boolean:
      column_.values.resize((rows + 7) / 8);
      if (rows % 8 != 0) column_.values.back() &= static_cast<std::uint8_t>((1U << (rows % 8)) - 1);
      break;
    case ColumnType::integer:
    case ColumnType::real:
      column_.values.resize(rows * 8);
      break;
    default:
      column_.offsets.resize(rows + 1);
      column_.values.resize(static_cast<std::size_t>(column_.offsets.back()));
      break;
  }
}

Column ColumnBuilder::finish() {
  Column column{column_.field};
  std::swap(column, column_);
  if (nulls_ == 0 || column.field.type == ColumnType::null) column.validity.clear();
  const bool has_offsets =
      column.field.type == ColumnType::text || column.field.type == ColumnType::decimal;
  if (has_offsets && column.offsets.empty()) column.offsets.push_back(0);
  rows_ = nulls_ = 0;
  return column;
}

}  // namespace vdk::csv
