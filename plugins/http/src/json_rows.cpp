#include "json_rows.hpp"

#include <cmath>
#include <cstdint>

#include "vdk/base/error.hpp"
#include "vdk/base/utf8.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::http {
namespace {

constexpr std::string_view kTable = "@table";

void append_unit(std::string& out, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kDigits[unit >> shift & 15U];
}

// The character of several bytes at `at`, which is moved behind it. The text is UTF-8.
void append_character(std::string& out, std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t offset) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + offset]));
  };
  const auto tail = [&](std::size_t offset) { return byte(offset) & 0x3FU; };
  if (byte(0) < 0xE0) {
    append_unit(out, (byte(0) & 0x1FU) << 6U | tail(1));
    at += 2;
  } else if (byte(0) < 0xF0) {
    append_unit(out, (byte(0) & 0x0FU) << 12U | tail(1) << 6U | tail(2));
    at += 3;
  } else {
    const std::uint32_t code =
        ((byte(0) & 0x07U) << 18U | tail(1) << 12U | tail(2) << 6U | tail(3)) - 0x10000;
    append_unit(out, 0xD800 + (code >> 10U));
    append_unit(out, 0xDC00 + (code & 0x3FFU));
    at += 4;
  }
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

void append_quoted(std::string& out, std::string_view utf8) {
  out += '"';
  for (std::size_t at = 0; at < utf8.size();) {
    const char c = utf8[at];
    if (!is_ascii(c)) {
      append_character(out, utf8, at);
      continue;
    }
    ++at;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_unit(out, static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto take = [&](std::string_view any_of) {
    const bool found = at < text.size() && any_of.find(text[at]) != std::string_view::npos;
    at += found ? 1 : 0;
    return found;
  };
  const auto digits = [&] {
    const std::size_t begin = at;
    while (take("0123456789")) {
    }
    return at - begin;
  };
  take("-");
  const bool zero = at < text.size() && text[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (take(".") && digits() == 0) return false;
  if (take("eE")) {
    take("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

bool is_finite(std::string_view decimal) {
  return decimal != "NaN" && decimal != "Infinity" && decimal != "-Infinity";
}

}  // namespace

JsonRows::JsonRows(const Batch& batch, std::string_view table, bool allow_nan)
    : batch_(batch), allow_nan_(allow_nan) {
  for (const Field& field : batch.schema()) {
    if (find_invalid_utf8(field.name)) {
      throw user_error({.what = "The name of a column is not UTF-8.",
                        .why = "JSON has no form for it.",
                        .consequence = "No row of this batch was sent.",
                        .countermeasure = "Correct the names in the rows."});
    }
    if (field.name == kTable) table_column_ = names_.size();
    append_quoted(names_.emplace_back(), field.name);
    names_.back() += ": ";
  }
  if (table.empty()) return;
  append_quoted(table_member_, kTable);
  table_member_ += ": ";
  append_quoted(table_member_, table);
}

std::optional<Misfit> JsonRows::append(std::string& out, std::size_t row) const {
  const std::size_t begin = out.size();
  const bool has_table = table_column_ && !batch_.column(*table_column_).is_null(row);
  if (!has_table && table_member_.empty()) {
    throw user_error(
        {.what = "Rows were sent over HTTP without a table.",
         .why = "The call names no destination table, and row " + std::to_string(row + 1) +
                " of the batch has no value for @table.",
         .consequence = "The rows from there on to the end of the batch were not sent.",
         .countermeasure = "Pass destination_table, or give each row an @table."});
  }
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (i == table_column_ && !has_table) continue;
    if (!first) out += ", ";
    first = false;
    out += names_[i];
    const Column& column = batch_.column(i);
    const Fit fit = append_cell(out, column, row);
    if (fit == Fit::yes) continue;
    out.resize(begin);
    switch (fit) {
      case Fit::not_utf8:
        return Misfit{"not_utf8", column.field.name, "The text is not UTF-8."};
      case Fit::not_finite:
        return Misfit{"wrong_type", column.field.name,
                      "JSON has no NaN and no infinities (ingest_over_http_allow_nan sends them)."};
      default:
        return Misfit{"wrong_type", column.field.name, "The bytes are no text in UTF-8."};
    }
  }
  if (!has_table) {
    if (!first) out += ", ";
    out += table_member_;
  }
  out += '}';
  return std::nullopt;
}

JsonRows::Fit JsonRows::append_cell(std::string& out, const Column& column, std::size_t row) const {
  if (column.is_null(row)) {
    out += "null";
    return Fit::yes;
  }
  switch (column.field.type) {
    case ColumnType::boolean:
      out += column.boolean(row) ? "true" : "false";
      return Fit::yes;
    case ColumnType::integer:
      append_integer_text(out, column.integer(row));
      return Fit::yes;
    case ColumnType::real: {
      const double value = column.real(row);
      if (std::isfinite(value)) {
        append_real_text(out, value);
      } else if (allow_nan_) {
        append_decimal_text(out, value);
      } else {
        return Fit::not_finite;
      }
      return Fit::yes;
    }
    case ColumnType::decimal: {
      const std::string_view number = column.bytes(row);
      if (!is_finite(number)) {
        if (!allow_nan_) return Fit::not_finite;
        out += number;
        return Fit::yes;
      }
      if (is_json_number(number)) {
        out += number;
        return Fit::yes;
      }
      if (find_invalid_utf8(number)) return Fit::not_utf8;
      append_quoted(out, number);
      return Fit::yes;
    }
    case ColumnType::json:
      return append_json(out, column.bytes(row));
    case ColumnType::text:
      if (find_invalid_utf8(column.bytes(row))) return Fit::not_utf8;
      append_quoted(out, column.bytes(row));
      return Fit::yes;
    case ColumnType::binary:
      if (find_invalid_utf8(column.bytes(row))) return Fit::binary;
      append_quoted(out, column.bytes(row));
      return Fit::yes;
    default: {
      std::string text;
      append_cell_text(text, column, row);
      append_quoted(out, text);
      return Fit::yes;
    }
  }
}

JsonRows::Fit JsonRows::append_json(std::string& out, std::string_view json) const {
  if (find_invalid_utf8(json)) return Fit::not_utf8;
  bool in_text = false;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (!is_ascii(c)) {
      append_character(out, json, at);
      continue;
    }
    ++at;
    out += c;
    if (in_text && c == '\\' && at < json.size()) {
      out += json[at++];
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && (c == 'N' || c == 'I') && !allow_nan_) {
      return Fit::not_finite;  // no other word of JSON has these letters
    }
  }
  return Fit::yes;
}

}  // namespace vdk::http
