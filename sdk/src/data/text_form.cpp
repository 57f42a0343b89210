#include "vdk/data/text_form.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "vdk/base/value.hpp"

namespace vdk {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

struct FloorDivision {
  std::int64_t quotient;
  std::int64_t remainder;  // 0 <= remainder < divisor
};

FloorDivision floor_divide(std::int64_t value, std::int64_t divisor) {
  FloorDivision result{value / divisor, value % divisor};
  if (result.remainder < 0) {
    result.remainder += divisor;
    --result.quotient;
  }
  return result;
}

struct CivilDate {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};

// Counts in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
CivilDate to_civil(std::int64_t days) {
  constexpr std::int64_t kDaysFromYear0 = 719'468;
  constexpr std::int64_t kDaysPerEra = 146'097;
  const auto [era, day_of_era] = floor_divide(days, kDaysPerEra);
  const auto shifted = floor_divide(day_of_era + kDaysFromYear0 % kDaysPerEra, kDaysPerEra);
  const std::int64_t full_era = era + kDaysFromYear0 / kDaysPerEra + shifted.quotient;
  const std::int64_t doe = shifted.remainder;
  const std::int64_t year_of_era = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t day_of_year = doe - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {full_era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

void append_padded(std::string& out, std::int64_t value, int width) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  for (auto length = end - digits.data(); length < width; ++length) out += '0';
  out.append(digits.data(), end);
}

void append_clock(std::string& out, std::int64_t second_of_day) {
  append_padded(out, second_of_day / 3600, 2);
  out += ':';
  append_padded(out, second_of_day / 60 % 60, 2);
  out += ':';
  append_padded(out, second_of_day % 60, 2);
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

void append_boolean_text(std::string& out, bool value) { out += value ? "True" : "False"; }

void append_integer_text(std::string& out, std::int64_t value) { append_padded(out, value, 0); }

void append_real_text(std::string& out, double value) { out += to_python_text(Value(value)); }

void append_decimal_text(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    append_real_text(out, value);
  }
}

void append_bytes_text(std::string& out, std::string_view bytes) {
  const bool double_quotes =
      bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  out += 'b';
  out += quote;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == quote || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (code < 0x20 || code >= 0x7f) {
      out += "\\x";
      out += kHexDigits[code >> 4U];
      out += kHexDigits[code & 15U];
    } else {
      out += byte;
    }
  }
  out += quote;
}

void append_date_text(std::string& out, std::int64_t days) {
  const auto [year, month, day] = to_civil(days);
  if (year < 0) {
    out += '-';
    append_padded(out, -year, 4);
  } else {
    if (year > 9999) out += '+';  // ISO 8601 marks years of more than four digits
    append_padded(out, year, 4);
  }
  out += '-';
  append_padded(out, month, 2);
  out += '-';
  append_padded(out, day, 2);
}

void append_time_point_text(std::string& out, std::int64_t seconds, std::int64_t fraction,
                            int digits, DateTimeStyle style) {
  const auto [days, second_of_day] = floor_divide(seconds, kSecondsPerDay);
  append_date_text(out, days);
  out += style == DateTimeStyle::letter ? 'T' : ' ';
  append_clock(out, second_of_day);
  if (fraction != 0) {
    out += '.';
    append_padded(out, fraction, digits);
  }
}

void append_timestamp_text(std::string& out, std::int64_t microseconds, DateTimeStyle style) {
  const auto [seconds, fraction] = floor_divide(microseconds, kMicrosecondsPerSecond);
  append_time_point_text(out, seconds, fraction, 6, style);
}

void append_timestamp_utc_text(std::string& out, std::int64_t microseconds, DateTimeStyle style) {
  append_timestamp_text(out, microseconds, style);
  out += "+00:00";
}

void append_cell_text(std::string& out, const Column& column, std::size_t row,
                      DateTimeStyle style) {
  if (column.is_null(row)) return;
  switch (column.field.type) {
    case ColumnType::null:
      return;
    case ColumnType::boolean:
      return append_boolean_text(out, column.boolean(row));
    case ColumnType::integer:
      return append_integer_text(out, column.integer(row));
    case ColumnType::real:
      return append_real_text(out, column.real(row));
    case ColumnType::binary:
      return append_bytes_text(out, column.bytes(row));
    case ColumnType::date:
      return append_date_text(out, column.integer(row));
    case ColumnType::timestamp:
      return append_timestamp_text(out, column.integer(row), style);
    case ColumnType::timestamp_tz:
      return append_timestamp_utc_text(out, column.integer(row), style);
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      out += column.bytes(row);
      return;
  }
}

}  // namespace vdk
