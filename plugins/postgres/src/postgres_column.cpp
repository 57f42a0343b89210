#include "postgres_column.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "postgres_numeric.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/convert.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::postgres {
namespace {

constexpr std::string_view kWrongType = "wrong_type";
constexpr std::string_view kOutOfRange = "out_of_range";

constexpr std::int64_t kMicrosecondsPerDay = std::int64_t{86'400} * 1'000'000;
// PostgreSQL's calendar: from 4713 BC; dates to 5874897, timestamps past what 64 bits hold of ours.
constexpr std::int64_t kFirstDay = -2'440'588;
constexpr std::int64_t kLastDay = 2'145'042'905;
constexpr std::int64_t kFirstMicrosecond = -210'866'803'200'000'000;
constexpr int kVersionOfInfinity = 140'000;    // in numeric
constexpr int kVersionOfDigitMarks = 160'000;  // 1_000, 0x1F

constexpr std::string_view kBlanks = " \t\n\v\f\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

bool is_textual(ColumnType type) {
  return type == ColumnType::text || type == ColumnType::json || type == ColumnType::decimal;
}

// ---- UTF-8
// ---------------------------------------------------------------------------------------

bool is_plain_ascii(const std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) return true;
  if (std::memchr(bytes.data(), 0, bytes.size()) != nullptr) return false;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  std::uint64_t seen = 0;
  for (; at + sizeof seen <= bytes.size(); at += sizeof seen) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    seen |= word;
  }
  for (; at < bytes.size(); ++at) seen |= bytes[at];
  return (seen & kHighBits) == 0;
}

// As the server checks it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (byte(at) & 0xC0U) == 0x80;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char first = byte(i);
    if (first < 0x80) {
      ++i;
    } else if (first >= 0xC2 && first <= 0xDF) {
      if (!continues(i + 1)) return false;
      i += 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
      if (!continues(i + 1) || !continues(i + 2)) return false;
      if (first == 0xE0 && byte(i + 1) < 0xA0) return false;
      if (first == 0xED && byte(i + 1) > 0x9F) return false;
      i += 3;
    } else if (first >= 0xF0 && first <= 0xF4) {
      if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return false;
      if (first == 0xF0 && byte(i + 1) < 0x90) return false;
      if (first == 0xF4 && byte(i + 1) > 0x8F) return false;
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

// ---- reading text
// --------------------------------------------------------------------------------

// The server takes any beginning of these words that is no other's.
bool read_boolean(std::string_view text, bool& value) {
  std::string word(trim(text));
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  constexpr std::pair<std::string_view, bool> kWords[] = {
      {"true", true}, {"false", false}, {"yes", true}, {"no", false},
      {"on", true},   {"off", false},   {"1", true},   {"0", false}};
  if (word.empty() || word == "o") return false;
  for (const auto& [known, means] : kWords) {
    if (known.starts_with(word)) {
      value = means;
      return true;
    }
  }
  return false;
}

Reading read_integer(std::string_view text, std::int64_t& value) {
  text = trim(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Reading::wrong;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return Reading::wrong;
  }
  return error == std::errc() ? Reading::good : Reading::out_of_range;
}

Reading read_real(std::string_view text, double& value) {
  text = trim(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Reading::wrong;
  }
  if (text.empty() || text.find('(') != std::string_view::npos) return Reading::wrong;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return Reading::wrong;
  }
  return error == std::errc() ? Reading::good : Reading::out_of_range;
}

// Forms of numbers that newer servers or the system's library read and we do not.
bool may_be_number(std::string_view text, int version) {
  const bool is_marked = text.find_first_of("xX_oObB") != std::string_view::npos;
  return is_marked && text.find_first_of("0123456789") != std::string_view::npos &&
         version >= kVersionOfDigitMarks;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// 32 digits; a hyphen may follow each group of four, braces may enclose them.
bool read_uuid(std::string_view text, std::string& bytes) {
  const bool braces = text.starts_with('{');
  if (braces) text.remove_prefix(1);
  constexpr int kBytes = 16;
  for (int i = 0; i < kBytes; ++i) {
    if (text.size() < 2) return false;
    const int high = hex_digit(text[0]);
    const int low = hex_digit(text[1]);
    if (high < 0 || low < 0) return false;
    bytes += static_cast<char>(high * 16 + low);
    text.remove_prefix(2);
    if (i % 2 == 1 && i + 1 < kBytes && text.starts_with('-')) text.remove_prefix(1);
  }
  return braces ? text == "}" : text.empty();
}

// ---- building columns
// ----------------------------------------------------------------------------

void clear_bit(std::vector<std::uint8_t>& bits, std::size_t index) {
  bits[index / 8] &= static_cast<std::uint8_t>(~(1U << (index % 8)));
}

class ColumnWriter {
 public:
  ColumnWriter(const Column& source, std::size_t rows, ColumnType type) : rows_(rows) {
    column_.field = {source.field.name, type};
    column_.validity = source.validity;
    if (type == ColumnType::boolean) {
      column_.values.assign((rows + 7) / 8, 0);
    } else if (type == ColumnType::date) {
      column_.values.resize(rows * sizeof(std::int32_t));
    } else if (type == ColumnType::text || type == ColumnType::binary) {
      column_.offsets.reserve(rows + 1);
      column_.offsets.push_back(0);
    } else {
      column_.values.resize(rows * sizeof(std::int64_t));
    }
  }

  void set_boolean(std::size_t row, bool value) {
    if (value) column_.values[row / 8] |= static_cast<std::uint8_t>(1U << (row % 8));
  }
  template <class T>
  void set(std::size_t row, T value) {
    std::memcpy(column_.values.data() + row * sizeof value, &value, sizeof value);
  }
  // Rows in order; those left out are empty.
  void set_bytes(std::size_t row, std::string_view bytes) {
    const auto before = static_cast<std::int64_t>(column_.values.size());
    column_.offsets.resize(row + 1, before);
    column_.values.insert(column_.values.end(), bytes.begin(), bytes.end());
    column_.offsets.push_back(static_cast<std::int64_t>(column_.values.size()));
  }
  void set_null(std::size_t row) {
    if (column_.validity.empty()) column_.validity.assign((rows_ + 7) / 8, 0xff);
    clear_bit(column_.validity, row);
  }
  [[nodiscard]] Column take() {
    if (!column_.offsets.empty()) {
      column_.offsets.resize(rows_ + 1, static_cast<std::int64_t>(column_.values.size()));
    }
    return std::move(column_);
  }

 private:
  std::size_t rows_;
  Column column_;
};

// ---- literals
// ------------------------------------------------------------------------------------

void append_hexadecimal(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 15U];
  }
}

// A number's literal is the server's numeric, whatever it becomes.
void append_plain_number(std::string& out, std::string_view text) {
  DecimalText decimal;
  if (DecimalText::read(text, decimal) == Reading::good) {
    decimal.append_plain(out);
  } else {
    out += text;
  }
}

// Years as the server reads them: 10000, 44 BC.
void append_server_time(std::string& out, const Column& source, std::size_t row) {
  std::string text;
  append_cell_text(text, source, row);
  if (!text.starts_with('-') && !text.starts_with("0000-")) {
    out += text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text);
    return;
  }
  const auto end = text.find('-', 1);
  const auto year = 1 - std::strtoll(text.substr(0, end).c_str(), nullptr, 10);
  std::string digits = std::to_string(year);
  out.append(digits.size() < 4 ? 4 - digits.size() : 0, '0');
  out += digits;
  out += text.substr(end);
  out += " BC";
}

bool append_array(std::string& out, const Value& value) {
  const Value::List* list = value.if_list();
  if (list == nullptr) return false;
  out += '{';
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Value& element = (*list)[i];
    if (i != 0) out += ',';
    if (element.is_null()) {
      out += "NULL";
    } else if (element.if_list() != nullptr) {
      if (!append_array(out, element)) return false;
    } else {
      const std::string* text = element.if_string();
      out += '"';
      for (const char c : text ? *text : to_json(element)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    }
  }
  out += '}';
  return true;
}

// The server's array for a JSON list; other text may be one already.
void append_array_literal(std::string& out, std::string_view json) {
  const std::size_t before = out.size();
  try {
    if (append_array(out, parse_json(json))) return;
  } catch (const Error&) {
    // No JSON: the server says what it is.
  }
  out.resize(before);
  out += json;
}

void append_literal(std::string& out, const Column& source, std::size_t row, Kind kind) {
  const bool is_json = kind == Kind::json || kind == Kind::jsonb;
  switch (source.field.type) {
    case ColumnType::null:
      return;
    case ColumnType::boolean: {
      const bool is_number = family_of(kind) == ColumnType::integer ||
                             family_of(kind) == ColumnType::real || kind == Kind::numeric;
      const bool value = source.boolean(row);
      out += is_number ? (value ? "1" : "0") : (value ? "true" : "false");
      return;
    }
    case ColumnType::integer:
      return append_integer_text(out, source.integer(row));
    case ColumnType::real: {
      if (is_json) return append_real_text(out, source.real(row));
      std::string text;
      append_decimal_text(text, source.real(row));
      return append_plain_number(out, text);
    }
    case ColumnType::decimal:
      return append_plain_number(out, source.bytes(row));
    case ColumnType::json:
      if (kind == Kind::array) return append_array_literal(out, source.bytes(row));
      out += source.bytes(row);
      return;
    case ColumnType::text:
      out += source.bytes(row);
      return;
    case ColumnType::binary:
      return append_hexadecimal(out, source.bytes(row));
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
      if (is_json) out += '"';
      if (kind == Kind::text || is_json) {
        append_cell_text(out, source, row);
      } else {
        append_server_time(out, source, row);
      }
      if (is_json) out += '"';
      return;
  }
}

// ---- conversion
// ----------------------------------------------------------------------------------

class Conversion {
 public:
  Conversion(const Column& source, std::size_t rows, Kind kind, const ServerWays& server)
      : source_(source), rows_(rows), kind_(kind), server_(server) {
    result_.values = &source;
  }

  Outgoing run() {
    if (type() == ColumnType::null) return std::move(result_);
    switch (kind_) {
      case Kind::boolean:
        to_boolean();
        break;
      case Kind::int2:
        to_integer<std::int16_t>(Form::int2);
        break;
      case Kind::int4:
        to_integer<std::int32_t>(Form::int4);
        break;
      case Kind::int8:
        to_integer<std::int64_t>(Form::int8);
        break;
      case Kind::float4:
        to_real(Form::float4);
        break;
      case Kind::float8:
        to_real(Form::float8);
        break;
      case Kind::numeric:
        to_numeric();
        break;
      case Kind::text:
        to_text_bytes(Form::bytes);
        break;
      case Kind::bytea:
        to_bytea();
        break;
      case Kind::date:
        to_date();
        break;
      case Kind::timestamp:
      case Kind::timestamptz:
        to_timestamp();
        break;
      case Kind::json:
        to_text_bytes(Form::bytes);
        break;
      case Kind::jsonb:
        to_text_bytes(Form::jsonb);
        break;
      case Kind::uuid:
        to_uuid();
        break;
      case Kind::array:
      case Kind::other:
        result_.needs_server = true;
        if (type() == ColumnType::text || type() == ColumnType::json) check_text();
        break;
    }
    std::erase_if(result_.misfits, [](const Misfits& misfits) { return misfits.rows.empty(); });
    return std::move(result_);
  }

 private:
  [[nodiscard]] ColumnType type() const { return source_.field.type; }

  void refuse(std::size_t row, std::string_view reason) {
    const auto known = std::ranges::find(result_.misfits, reason, &Misfits::reason);
    if (known != result_.misfits.end()) {
      known->rows.push_back(row);
    } else {
      result_.misfits.push_back({std::string(reason), {row}});
    }
  }
  void refuse(std::size_t row, Reading reading) {
    refuse(row, reading == Reading::out_of_range ? kOutOfRange : kWrongType);
  }
  void refuse_all() {
    for (std::size_t row = 0; row < rows_; ++row) {
      if (!source_.is_null(row)) refuse(row, kWrongType);
    }
  }
  // A text that the server may read though we do not.
  void leave_to_server(std::size_t row, bool may_be_read) {
    if (may_be_read) {
      result_.needs_server = true;
    } else {
      refuse(row, kWrongType);
    }
  }

  // Converts each value; what `convert` refuses is null in the column.
  template <class Convert>
  void write(ColumnType to, Form form, Convert convert) {
    ColumnWriter writer(source_, rows_, to);
    for (std::size_t row = 0; row < rows_; ++row) {
      if (!source_.is_null(row) && !convert(writer, row)) writer.set_null(row);
    }
    result_.own = writer.take();
    result_.form = form;
  }

  void to_boolean() {
    if (type() == ColumnType::boolean) {
      result_.form = Form::boolean;
      return;
    }
    if (type() != ColumnType::integer && type() != ColumnType::real && !is_textual(type())) {
      return refuse_all();
    }
    write(ColumnType::boolean, Form::boolean, [&](ColumnWriter& out, std::size_t row) {
      bool value = false;
      bool good = false;
      if (is_textual(type())) {
        good = read_boolean(source_.bytes(row), value);
      } else {
        const double number = type() == ColumnType::real
                                  ? source_.real(row)
                                  : static_cast<double>(source_.integer(row));
        good = number == 0 || number == 1;
        value = number == 1;
      }
      if (!good) refuse(row, kWrongType);
      out.set_boolean(row, value && good);
      return good;
    });
  }

  Reading integer_of(std::size_t row, std::int64_t& value) {
    switch (type()) {
      case ColumnType::boolean:
        value = source_.boolean(row) ? 1 : 0;
        return Reading::good;
      case ColumnType::integer:
        value = source_.integer(row);
        return Reading::good;
      case ColumnType::real: {
        const double rounded = std::round(source_.real(row));
        if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) {
          return Reading::out_of_range;
        }
        value = static_cast<std::int64_t>(rounded);
        return Reading::good;
      }
      case ColumnType::text:
        return read_integer(source_.bytes(row), value);
      case ColumnType::json:
      case ColumnType::decimal: {
        DecimalText decimal;
        const Reading reading = DecimalText::read(source_.bytes(row), decimal);
        return reading == Reading::good ? decimal.round(value) : reading;
      }
      default:
        return Reading::wrong;
    }
  }

  template <class T>
  void to_integer(Form form) {
    if (type() == ColumnType::integer) {
      result_.form = form;
      if constexpr (sizeof(T) == sizeof(std::int64_t)) return;
      for (std::size_t row = 0; row < rows_; ++row) {
        const std::int64_t value = source_.integer(row);
        if ((value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) &&
            !source_.is_null(row)) {
          refuse(row, kOutOfRange);
        }
      }
      return;
    }
    write(ColumnType::integer, form, [&](ColumnWriter& out, std::size_t row) {
      std::int64_t value = 0;
      Reading reading = integer_of(row, value);
      if (reading == Reading::good &&
          (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())) {
        reading = Reading::out_of_range;
      }
      if (reading == Reading::good) {
        out.set(row, value);
        return true;
      }
      if (reading == Reading::wrong && type() == ColumnType::text) {
        leave_to_server(row, may_be_number(source_.bytes(row), server_.version));
      } else {
        refuse(row, reading);
      }
      return false;
    });
  }

  Reading real_of(std::size_t row, double& value) {
    switch (type()) {
      case ColumnType::boolean:
        value = source_.boolean(row) ? 1 : 0;
        return Reading::good;
      case ColumnType::integer:
        value = static_cast<double>(source_.integer(row));
        return Reading::good;
      case ColumnType::real:
        value = source_.real(row);
        return Reading::good;
      case ColumnType::text:
      case ColumnType::json:
      case ColumnType::decimal:
        return read_real(source_.bytes(row), value);
      default:
        return Reading::wrong;
    }
  }

  void to_real(Form form) {
    if (type() == ColumnType::real && form == Form::float8) {
      result_.form = form;
      return;
    }
    write(ColumnType::real, form, [&](ColumnWriter& out, std::size_t row) {
      double value = 0;
      Reading reading = real_of(row, value);
      if (reading == Reading::good && form == Form::float4 && std::isfinite(value)) {
        const float narrow = std::abs(value) > std::numeric_limits<float>::max()
                                 ? HUGE_VALF
                                 : static_cast<float>(value);
        if (std::isinf(narrow) || (narrow == 0) != (value == 0)) reading = Reading::out_of_range;
      }
      if (reading == Reading::good) {
        out.set(row, value);
        return true;
      }
      if (reading == Reading::wrong && type() == ColumnType::text) {
        leave_to_server(row, may_be_real(source_.bytes(row)));
      } else {
        refuse(row, reading);
      }
      return false;
    });
  }

  // Hexadecimal floating-point numbers, which the system's library reads for the server.
  static bool may_be_real(std::string_view text) {
    return text.find_first_of("xX(") != std::string_view::npos &&
           text.find_first_of("0123456789nN") != std::string_view::npos;
  }

  void to_numeric() {
    if (!is_textual(type()) && type() != ColumnType::integer && type() != ColumnType::real &&
        type() != ColumnType::boolean) {
      return refuse_all();
    }
    std::string bytes;
    std::string text;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      bytes.clear();
      if (type() == ColumnType::integer || type() == ColumnType::boolean) {
        append_numeric(bytes, type() == ColumnType::integer ? source_.integer(row)
                                                            : std::int64_t{source_.boolean(row)});
      } else {
        std::string_view digits;
        if (type() == ColumnType::real) {
          text.clear();
          append_decimal_text(text, source_.real(row));
          digits = text;
        } else {
          digits = source_.bytes(row);
        }
        DecimalText decimal;
        Reading reading = DecimalText::read(digits, decimal);
        if (decimal.is_infinite() && server_.version < kVersionOfInfinity) {
          reading = Reading::out_of_range;
        }
        if (reading != Reading::good) {
          if (reading == Reading::wrong && type() == ColumnType::text) {
            leave_to_server(row, may_be_number(digits, server_.version));
          } else {
            refuse(row, reading);
          }
          return false;
        }
        decimal.append_binary(bytes);
      }
      out.set_bytes(row, bytes);
      return true;
    });
  }

  // Refuses what is no text for the server.
  void check_text() {
    if (is_plain_ascii(source_.values)) return;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (source_.is_null(row)) continue;
      const std::string_view text = source_.bytes(row);
      if (text.find('\0') != std::string_view::npos) {
        refuse(row, "nul_byte");
      } else if (!is_utf8(text)) {
        refuse(row, "not_utf8");
      }
    }
  }

  void to_text_bytes(Form form) {
    const bool is_json = kind_ == Kind::json || kind_ == Kind::jsonb;
    if (type() == ColumnType::text || type() == ColumnType::json) {
      check_text();
      result_.form = form;
      return;
    }
    if (is_json && type() == ColumnType::binary) return refuse_all();
    std::string text;
    write(ColumnType::text, form, [&](ColumnWriter& out, std::size_t row) {
      if (is_json && !is_json_number(row)) {
        refuse(row, kWrongType);
        return false;
      }
      text.clear();
      append_literal(text, source_, row, kind_);
      out.set_bytes(row, text);
      return true;
    });
  }

  // JSON has no NaN and no infinity.
  bool is_json_number(std::size_t row) {
    if (type() == ColumnType::real) return std::isfinite(source_.real(row));
    if (type() != ColumnType::decimal) return true;
    DecimalText decimal;
    return DecimalText::read(source_.bytes(row), decimal) == Reading::good && decimal.is_finite();
  }

  void to_bytea() {
    if (type() == ColumnType::binary || is_textual(type())) {
      result_.form = Form::bytes;
      // In a literal a backslash begins a byte's number.
      if (type() == ColumnType::text && !source_.values.empty() &&
          std::memchr(source_.values.data(), '\\', source_.values.size()) != nullptr) {
        check_text();
        result_.needs_server = true;
      }
      return;
    }
    if (type() != ColumnType::date && type() != ColumnType::timestamp &&
        type() != ColumnType::timestamp_tz) {
      return refuse_all();
    }
    std::string text;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      text.clear();
      append_cell_text(text, source_, row);
      out.set_bytes(row, text);
      return true;
    });
  }

  void to_date() {
    switch (type()) {
      case ColumnType::date:
        result_.form = Form::date;
        for (std::size_t row = 0; row < rows_; ++row) check_day(row, source_.integer(row));
        return;
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        return write(ColumnType::date, Form::date, [&](ColumnWriter& out, std::size_t row) {
          const std::int64_t value = source_.integer(row);
          const std::int64_t day =
              value / kMicrosecondsPerDay - (value % kMicrosecondsPerDay < 0 ? 1 : 0);
          out.set(row, static_cast<std::int32_t>(day));
          return check_day(row, day);
        });
      case ColumnType::text:
        return write(ColumnType::date, Form::date, [&](ColumnWriter& out, std::size_t row) {
          const std::string_view text = trim(source_.bytes(row));
          std::int64_t day = 0;
          std::int64_t ignored = 0;
          bool zoned = false;
          constexpr std::size_t kDateLength = 10;
          const bool good = parse_date(text, day) || (parse_timestamp(text, ignored, zoned) &&
                                                      parse_date(text.substr(0, kDateLength), day));
          if (!good || text.starts_with("0000")) {
            leave_to_server(row, true);
            return false;
          }
          out.set(row, static_cast<std::int32_t>(day));
          return true;
        });
      default:
        return refuse_all();
    }
  }

  bool check_day(std::size_t row, std::int64_t day) {
    if (day >= kFirstDay && day <= kLastDay) return true;
    if (!source_.is_null(row)) refuse(row, kOutOfRange);
    return false;
  }

  bool check_microsecond(std::size_t row, std::int64_t value) {
    if (value >= kFirstMicrosecond) return true;
    if (!source_.is_null(row)) refuse(row, kOutOfRange);
    return false;
  }

  void to_timestamp() {
    const bool wants_zone = kind_ == Kind::timestamptz;
    switch (type()) {
      case ColumnType::timestamp:
      case ColumnType::timestamp_tz:
        result_.form = Form::timestamp;
        result_.needs_server = wants_zone && type() == ColumnType::timestamp && !server_.is_utc;
        for (std::size_t row = 0; row < rows_; ++row) {
          check_microsecond(row, source_.integer(row));
        }
        return;
      case ColumnType::date:
        result_.needs_server = wants_zone && !server_.is_utc;
        return write(ColumnType::timestamp, Form::timestamp,
                     [&](ColumnWriter& out, std::size_t row) {
                       const std::int64_t day = source_.integer(row);
                       constexpr std::int64_t kMost =
                           std::numeric_limits<std::int64_t>::max() / kMicrosecondsPerDay;
                       if (day > kMost || day < kFirstDay) {
                         refuse(row, kOutOfRange);
                         return false;
                       }
                       out.set(row, day * kMicrosecondsPerDay);
                       return true;
                     });
      case ColumnType::text:
        return write(
            ColumnType::timestamp, Form::timestamp, [&](ColumnWriter& out, std::size_t row) {
              const std::string_view text = trim(source_.bytes(row));
              std::int64_t value = 0;
              bool zoned = false;
              const bool good = parse_timestamp(text, value, zoned) && !text.starts_with("0000") &&
                                (zoned == wants_zone || (wants_zone && server_.is_utc));
              if (good) {
                out.set(row, value);
              } else {
                leave_to_server(row, true);
              }
              return good;
            });
      default:
        return refuse_all();
    }
  }

  void to_uuid() {
    if (type() != ColumnType::text) return refuse_all();
    std::string bytes;
    write(ColumnType::binary, Form::bytes, [&](ColumnWriter& out, std::size_t row) {
      bytes.clear();
      if (!read_uuid(source_.bytes(row), bytes)) {
        refuse(row, kWrongType);
        return false;
      }
      out.set_bytes(row, bytes);
      return true;
    });
  }

  const Column& source_;
  const std::size_t rows_;
  const Kind kind_;
  const ServerWays& server_;
  Outgoing result_;
};

}  // namespace

Kind kind_of(Oid type, char sort, bool is_array) noexcept {
  switch (type) {
    case 16:
      return Kind::boolean;
    case 17:
      return Kind::bytea;
    case 20:
      return Kind::int8;
    case 21:
      return Kind::int2;
    case 23:
      return Kind::int4;
    case 25:    // text
    case 1042:  // character
    case 1043:  // character varying
      return Kind::text;
    case 114:
      return Kind::json;
    case 700:
      return Kind::float4;
    case 701:
      return Kind::float8;
    case 1082:
      return Kind::date;
    case 1114:
      return Kind::timestamp;
    case 1184:
      return Kind::timestamptz;
    case 1700:
      return Kind::numeric;
    case 2950:
      return Kind::uuid;
    case 3802:
      return Kind::jsonb;
    default:
      if (sort == 'e') return Kind::text;  // an enumeration travels as its label
      return is_array ? Kind::array : Kind::other;
  }
}

ColumnType family_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::boolean:
      return ColumnType::boolean;
    case Kind::int2:
    case Kind::int4:
    case Kind::int8:
      return ColumnType::integer;
    case Kind::float4:
    case Kind::float8:
      return ColumnType::real;
    case Kind::numeric:
      return ColumnType::decimal;
    case Kind::bytea:
      return ColumnType::binary;
    case Kind::date:
      return ColumnType::date;
    case Kind::timestamp:
      return ColumnType::timestamp;
    case Kind::timestamptz:
      return ColumnType::timestamp_tz;
    case Kind::json:
    case Kind::jsonb:
      return ColumnType::json;
    case Kind::text:
    case Kind::uuid:
    case Kind::array:
    case Kind::other:
      return ColumnType::text;
  }
  return ColumnType::text;
}

Outgoing to_binary(const Column& source, std::size_t rows, Kind kind, const ServerWays& server) {
  return Conversion(source, rows, kind, server).run();
}

Outgoing to_text(const Column& source, std::size_t rows, Kind kind) {
  Outgoing result{.form = Form::bytes, .values = &source};
  const ColumnType type = source.field.type;
  const bool is_rounded = family_of(kind) == ColumnType::integer && type != ColumnType::text;
  if (type == ColumnType::null) {
    result.form = Form::nothing;
  } else if (is_rounded) {
    const Outgoing numbers = to_binary(source, rows, Kind::int8, {});
    return to_text(numbers.column(), rows, Kind::text);
  } else if (type != ColumnType::text && !(type == ColumnType::json && kind != Kind::array)) {
    ColumnWriter writer(source, rows, ColumnType::text);
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
      if (source.is_null(row)) continue;
      text.clear();
      append_literal(text, source, row, kind);
      writer.set_bytes(row, text);
    }
    result.own = writer.take();
  }
  return result;
}

}  // namespace vdk::postgres
