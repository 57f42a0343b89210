#include "vdk/data/convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "base/text.hpp"
#include "data/lattice.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kMicrosecondsPerDay = 86'400 * kMicrosecondsPerSecond;

// Takes exactly `count` digits off the front.
bool take_digits(std::string_view& text, std::size_t count, std::int64_t& value) {
  if (text.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, std::int64_t& days) {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) ||
      !take(text, '-') || !take_digits(text, 2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// Microseconds since midnight.
bool take_time(std::string_view& text, std::int64_t& microseconds) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t fraction = 0;
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute)) {
    return false;
  }
  if (take(text, ':')) {
    if (!take_digits(text, 2, second)) return false;
    if (take(text, '.')) {
      const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
      if (digits == 0 || digits > 6 || !take_digits(text, digits, fraction)) return false;
      for (std::size_t i = digits; i < 6; ++i) fraction *= 10;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  microseconds = ((hour * 60 + minute) * 60 + second) * kMicrosecondsPerSecond + fraction;
  return true;
}

// "Z", "+05:30", "-0800", "+02"; microseconds to subtract.
bool take_offset(std::string_view& text, std::int64_t& microseconds) {
  if (take(text, 'Z') || take(text, 'z')) {
    microseconds = 0;
    return true;
  }
  const bool negative = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return false;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  if (!take_digits(text, 2, hours)) return false;
  if (!text.empty()) {
    take(text, ':');
    if (!take_digits(text, 2, minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  microseconds = (hours * 60 + minutes) * 60 * kMicrosecondsPerSecond * (negative ? -1 : 1);
  return true;
}

bool read_boolean_text(std::string_view text, bool& value) {
  constexpr std::array<std::string_view, 5> kTrue = {"true", "t", "1", "yes", "on"};
  constexpr std::array<std::string_view, 5> kFalse = {"false", "f", "0", "no", "off"};
  const std::string word = lower(trim(text));
  value = std::ranges::find(kTrue, word) != kTrue.end();
  return value || std::ranges::find(kFalse, word) != kFalse.end();
}

template <class T>
bool read_number(std::string_view text, T& value) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool is_decimal_text(std::string_view text) {
  double value = 0;
  const std::string_view trimmed = trim(text);
  if (trimmed.empty()) return false;
  const auto [end, error] = std::from_chars(trimmed.data() + (trimmed.starts_with('+') ? 1 : 0),
                                            trimmed.data() + trimmed.size(), value);
  return end == trimmed.data() + trimmed.size() && error != std::errc::invalid_argument;
}

bool is_json_text(std::string_view text) {
  try {
    [[maybe_unused]] const Value value = parse_json(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool integral(double value, std::int64_t& result) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return false;
  result = static_cast<std::int64_t>(value);
  return static_cast<double>(result) == value;
}

bool is_textual(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::json || type == ColumnType::decimal;
}

// Reads one cell as a type and appends it; false where it has no equal there.
class CellConverter {
 public:
  CellConverter(const Column& from, ColumnType to, DateTimeStyle style, BatchBuilder& out)
      : from_(from), to_(to), style_(style), out_(out), at_(out.column(from.field.name)) {}

  bool convert(std::size_t row) {
    switch (to_) {
      case ColumnType::boolean:
        return to_boolean(row);
      case ColumnType::integer:
        return to_integer(row);
      case ColumnType::real:
        return to_real(row);
      case ColumnType::decimal:
        return to_decimal(row);
      case ColumnType::json:
        return to_json(row);
      case ColumnType::text:
        out_.append_text(at_, text(row));
        return true;
      case ColumnType::binary:
        return to_binary(row);
      case ColumnType::date:
        return to_date(row);
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        return to_timestamp(row);
      case ColumnType::null:
        return false;
    }
    return false;
  }

 private:
  std::string_view text(std::size_t row) {
    if (is_textual(from_.field.type)) return from_.bytes(row);
    scratch_.clear();
    append_cell_text(scratch_, from_, row, style_);
    return scratch_;
  }

  bool to_boolean(std::size_t row) {
    bool value = false;
    if (from_.field.type == ColumnType::integer || from_.field.type == ColumnType::real) {
      std::int64_t number = 0;
      if (!number_of(row, number) || (number != 0 && number != 1)) return false;
      value = number == 1;
    } else if (!is_textual(from_.field.type) || !read_boolean_text(from_.bytes(row), value)) {
      return false;
    }
    out_.append_boolean(at_, value);
    return true;
  }

  bool number_of(std::size_t row, std::int64_t& number) {
    switch (from_.field.type) {
      case ColumnType::boolean:
        number = from_.boolean(row) ? 1 : 0;
        return true;
      case ColumnType::integer:
        number = from_.integer(row);
        return true;
      case ColumnType::real:
        return integral(from_.real(row), number);
      case ColumnType::text:
      case ColumnType::json:
      case ColumnType::decimal: {
        if (read_number(from_.bytes(row), number)) return true;
        // 1.0 and 1e3 are integers too, as long as a double holds them exactly.
        constexpr std::int64_t kExact = std::int64_t{1} << 53;
        double real = 0;
        return read_number(from_.bytes(row), real) && integral(real, number) && number <= kExact &&
               number >= -kExact;
      }
      default:
        return false;
    }
  }

  bool to_integer(std::size_t row) {
    std::int64_t number = 0;
    if (!number_of(row, number)) return false;
    out_.append_integer(at_, number);
    return true;
  }

  bool to_real(std::size_t row) {
    double value = 0;
    switch (from_.field.type) {
      case ColumnType::boolean:
        value = from_.boolean(row) ? 1 : 0;
        break;
      case ColumnType::integer: {
        value = static_cast<double>(from_.integer(row));
        std::int64_t back = 0;
        if (!integral(value, back) || back != from_.integer(row)) return false;
        break;
      }
      case ColumnType::text:
      case ColumnType::json:
      case ColumnType::decimal:
        if (!read_number(from_.bytes(row), value)) return false;
        break;
      default:
        return false;
    }
    out_.append_real(at_, value);
    return true;
  }

  bool to_decimal(std::size_t row) {
    switch (from_.field.type) {
      case ColumnType::boolean:
        out_.append_decimal(at_, from_.boolean(row) ? "1" : "0");
        return true;
      case ColumnType::integer:
        out_.append_decimal(at_, text(row));
        return true;
      case ColumnType::real:
        scratch_.clear();
        append_decimal_text(scratch_, from_.real(row));
        out_.append_decimal(at_, scratch_);
        return true;
      case ColumnType::text:
      case ColumnType::json:
        if (!is_decimal_text(from_.bytes(row))) return false;
        out_.append_decimal(at_, trim(from_.bytes(row)));
        return true;
      default:
        return false;
    }
  }

  bool to_json(std::size_t row) {
    switch (from_.field.type) {
      case ColumnType::boolean:
        out_.append_json(at_, from_.boolean(row) ? "true" : "false");
        return true;
      case ColumnType::integer:
        out_.append_json(at_, text(row));
        return true;
      case ColumnType::real:
        if (!std::isfinite(from_.real(row))) return false;
        out_.append_json(at_, text(row));
        return true;
      case ColumnType::text:
      case ColumnType::decimal:
        if (!is_json_text(from_.bytes(row))) return false;
        out_.append_json(at_, from_.bytes(row));
        return true;
      default:
        scratch_.assign(1, '"');
        if (from_.field.type == ColumnType::binary) return false;
        append_cell_text(scratch_, from_, row, style_);
        scratch_ += '"';
        out_.append_json(at_, scratch_);
        return true;
    }
  }

  bool to_binary(std::size_t row) {
    if (!is_textual(from_.field.type)) return false;
    out_.append_binary(at_, from_.bytes(row));
    return true;
  }

  bool to_date(std::size_t row) {
    std::int64_t days = 0;
    if (from_.field.type == ColumnType::timestamp) {
      const std::int64_t microseconds = from_.integer(row);
      if (microseconds % kMicrosecondsPerDay != 0) return false;
      days = microseconds / kMicrosecondsPerDay;
    } else if (from_.field.type == ColumnType::text) {
      std::int64_t microseconds = 0;
      bool zoned = false;
      if (!parse_date(trim(from_.bytes(row)), days)) {
        if (!parse_timestamp(trim(from_.bytes(row)), microseconds, zoned) || zoned ||
            microseconds % kMicrosecondsPerDay != 0) {
          return false;
        }
        days = microseconds / kMicrosecondsPerDay;
      }
    } else {
      return false;
    }
    out_.append_date(at_, days);
    return true;
  }

  bool to_timestamp(std::size_t row) {
    const bool wants_zone = to_ == ColumnType::timestamp_tz;
    std::int64_t microseconds = 0;
    if (from_.field.type == ColumnType::date) {
      if (wants_zone || std::abs(from_.integer(row)) >
                            std::numeric_limits<std::int64_t>::max() / kMicrosecondsPerDay) {
        return false;
      }
      microseconds = from_.integer(row) * kMicrosecondsPerDay;
    } else if (from_.field.type == ColumnType::text) {
      bool zoned = false;
      if (!parse_timestamp(trim(from_.bytes(row)), microseconds, zoned) || zoned != wants_zone) {
        return false;
      }
    } else {
      return false;
    }
    if (wants_zone) {
      out_.append_timestamp_utc(at_, microseconds);
    } else {
      out_.append_timestamp(at_, microseconds);
    }
    return true;
  }

  const Column& from_;
  const ColumnType to_;
  const DateTimeStyle style_;
  BatchBuilder& out_;
  const std::size_t at_;
  std::string scratch_;
};

// A column of nulls of a type.
Column null_column(std::string name, ColumnType type, std::size_t rows) {
  Column column{{std::move(name), type}};
  if (type == ColumnType::null) return column;
  column.validity.assign((rows + 7) / 8, 0);
  if (has_offsets(type)) {
    column.offsets.assign(rows + 1, 0);
  } else {
    column.values.assign(type == ColumnType::boolean ? (rows + 7) / 8 : rows * fixed_width(type),
                         0);
  }
  return column;
}

}  // namespace

bool parse_date(std::string_view text, std::int64_t& days) {
  return take_date(text, days) && text.empty();
}

bool parse_timestamp(std::string_view text, std::int64_t& microseconds, bool& zoned) {
  std::int64_t days = 0;
  std::int64_t of_day = 0;
  std::int64_t offset = 0;
  zoned = false;
  if (!take_date(text, days)) return false;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, ' ') && !take(text, 't')) return false;
    if (!take_time(text, of_day)) return false;
    if (!text.empty()) {
      if (!take_offset(text, offset) || !text.empty()) return false;
      zoned = true;
    }
  }
  microseconds = days * kMicrosecondsPerDay + of_day - offset;
  return true;
}

Conversion convert_column(const Column& column, std::size_t rows, ColumnType to,
                          DateTimeStyle style) {
  if (column.field.type == to) return {column, {}};
  if (column.field.type == ColumnType::null) return {null_column(column.field.name, to, rows), {}};
  Conversion result;
  BatchBuilder builder;
  CellConverter converter(column, to, style, builder);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!column.is_null(row) && !converter.convert(row)) result.misfits.push_back(row);
    builder.end_row();
  }
  Batch batch = builder.finish();
  if (batch.columns().empty() || batch.columns().front().field.type == ColumnType::null) {
    result.column = null_column(column.field.name, to, rows);
  } else {
    result.column = batch.columns().front();
  }
  return result;
}

}  // namespace vdk
