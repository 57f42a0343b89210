#include "vdk/base/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace vdk {

Value::Value() noexcept = default;
Value::Value(std::nullptr_t) noexcept {}
Value::Value(bool value) noexcept : data_(value) {}
Value::Value(int value) noexcept : data_(std::int64_t{value}) {}
Value::Value(std::int64_t value) noexcept : data_(value) {}
Value::Value(double value) noexcept : data_(value) {}
Value::Value(BigInteger value) : data_(std::move(value)) {}
Value::Value(std::string value) : data_(std::move(value)) {}
Value::Value(std::string_view value) : data_(std::string(value)) {}
Value::Value(const char* value) : data_(std::string(value)) {}
Value::Value(List value) : data_(std::move(value)) {}
Value::Value(Map value) : data_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

bool Value::is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
const bool* Value::if_bool() const noexcept { return std::get_if<bool>(&data_); }
const std::int64_t* Value::if_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
const double* Value::if_real() const noexcept { return std::get_if<double>(&data_); }
const Value::BigInteger* Value::if_big_integer() const noexcept {
  return std::get_if<BigInteger>(&data_);
}
const std::string* Value::if_string() const noexcept { return std::get_if<std::string>(&data_); }
const Value::List* Value::if_list() const noexcept { return std::get_if<List>(&data_); }
const Value::Map* Value::if_map() const noexcept { return std::get_if<Map>(&data_); }
Value::List* Value::if_list() noexcept { return std::get_if<List>(&data_); }
Value::Map* Value::if_map() noexcept { return std::get_if<Map>(&data_); }

const Value* Value::find(std::string_view key) const noexcept {
  const Map* map = if_map();
  if (!map) return nullptr;
  const auto member = std::ranges::find(*map, key, &Member::key);
  return member == map->end() ? nullptr : &member->value;
}

void Value::set(std::string_view key, Value value) {
  if (!if_map()) data_ = Map{};
  Map& map = *if_map();
  const auto member = std::ranges::find(map, key, &Member::key);
  if (member == map.end()) {
    map.push_back({std::string(key), std::move(value)});
  } else {
    member->value = std::move(value);
  }
}

bool Value::erase(std::string_view key) {
  Map* map = if_map();
  if (!map) return false;
  const auto member = std::ranges::find(*map, key, &Member::key);
  if (member == map->end()) return false;
  map->erase(member);
  return true;
}

bool Value::operator==(const Value& other) const { return data_ == other.data_; }

namespace {

// Python's repr() of a float: the shortest digits that read back, exponent form from 1e16 up and
// below 1e-4.
std::string python_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char digits[32];
  const auto [end, failure] =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  std::string text(digits, end);
  const std::size_t e = text.find('e');
  int exponent = 0;
  const char* exponent_digits = text.c_str() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_digits, text.c_str() + text.size(), exponent);
  if (exponent >= 16 || exponent < -4) return text;
  char fixed[64];
  const auto [fixed_end, fixed_failure] =
      std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed);
  std::string plain(fixed, fixed_end);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

void append_escape(std::string& out, unsigned code) {
  if (code > 0xFFFF) {
    code -= 0x10000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (code >> 10),
                   0xDC00 + (code & 0x3FF));
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // A lone surrogate (ED A0..BF xx) is no UTF-8; its escape is what reads back.
    if (c == '\xED' && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xA0) {
      append_escape(out, 0xD000U | (static_cast<unsigned char>(text[i + 1]) & 0x3FU) << 6 |
                             (static_cast<unsigned char>(text[i + 2]) & 0x3FU));
      i += 2;
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          append_escape(out, static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string json_real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return python_real(value);
}

// Appends a line end and the indentation of that depth, or nothing in compact text.
void append_break(std::string& out, int indent, int depth) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void append_json(std::string& out, const Value& value, int indent, int depth) {
  if (value.is_null()) {
    out += "null";
  } else if (const bool* boolean = value.if_bool()) {
    out += *boolean ? "true" : "false";
  } else if (const std::int64_t* integer = value.if_integer()) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const double* real = value.if_real()) {
    out += json_real(*real);
  } else if (const Value::BigInteger* big = value.if_big_integer()) {
    out += big->digits;
  } else if (const std::string* text = value.if_string()) {
    append_json_string(out, *text);
  } else if (const Value::List* list = value.if_list()) {
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += indent < 0 ? ", " : ",";
      append_break(out, indent, depth + 1);
      append_json(out, (*list)[i], indent, depth + 1);
    }
    if (!list->empty()) append_break(out, indent, depth);
    out += ']';
  } else if (const Value::Map* map = value.if_map()) {
    out += '{';
    for (std::size_t i = 0; i < map->size(); ++i) {
      if (i > 0) out += indent < 0 ? ", " : ",";
      append_break(out, indent, depth + 1);
      append_json_string(out, (*map)[i].key);
      out += ": ";
      append_json(out, (*map)[i].value, indent, depth + 1);
    }
    if (!map->empty()) append_break(out, indent, depth);
    out += '}';
  }
}

// Python's repr() of a str: single quotes unless the text holds some and no double ones.
void append_python_repr(std::string& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  out += quote;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c == quote) {
          out += '\\';
          out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += quote;
}

void append_python(std::string& out, const Value& value, bool nested) {
  if (value.is_null()) {
    out += "None";
  } else if (const bool* boolean = value.if_bool()) {
    out += *boolean ? "True" : "False";
  } else if (const std::int64_t* integer = value.if_integer()) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const double* real = value.if_real()) {
    out += python_real(*real);
  } else if (const Value::BigInteger* big = value.if_big_integer()) {
    out += big->digits;
  } else if (const std::string* text = value.if_string()) {
    if (nested) {
      append_python_repr(out, *text);
    } else {
      out += *text;
    }
  } else if (const Value::List* list = value.if_list()) {
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += ", ";
      append_python(out, (*list)[i], true);
    }
    out += ']';
  } else if (const Value::Map* map = value.if_map()) {
    out += '{';
    for (std::size_t i = 0; i < map->size(); ++i) {
      if (i > 0) out += ", ";
      append_python_repr(out, (*map)[i].key);
      out += ": ";
      append_python(out, (*map)[i].value, true);
    }
    out += '}';
  }
}

}  // namespace

std::string to_json(const Value& value, int indent) {
  std::string out;
  append_json(out, value, indent, 0);
  return out;
}

std::string to_ascii_json(const Value& value) {
  const std::string json = to_json(value);
  std::string ascii;
  for (std::size_t i = 0; i < json.size();) {
    const auto lead = static_cast<unsigned char>(json[i]);
    if (lead < 0x80) {
      ascii += json[i++];
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    unsigned code = lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length && i + k < json.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(json[i + k]) & 0x3FU);
    }
    append_escape(ascii, code);
    i += length;
  }
  return ascii;
}

std::string to_python_text(const Value& value) {
  std::string out;
  append_python(out, value, false);
  return out;
}

}  // namespace vdk
