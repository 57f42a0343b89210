#include "postgres_literal.hpp"

#include <cstdlib>
#include <string_view>

#include "postgres_numeric.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::postgres {
namespace {

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

}  // namespace

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

}  // namespace vdk::postgres
