#include "jsonl_writer.hpp"

#include <cmath>

#include "jsonl_reader.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::jsonl {
namespace {

constexpr std::size_t kTextAtOnce = std::size_t{256} << 10U;

void refuse_options(const Value& options) {
  const Value::Map* map = options.if_map();
  if (!map || map->empty()) return;
  const std::string& name = map->front().key;
  throw UnknownOption(name, {.what = "JSON Lines files have no option " + name + ".",
                             .consequence = "Nothing was read or written.",
                             .countermeasure = "Leave it out."});
}

}  // namespace

void JsonlWriter::put_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte >= 0x20) {
      text_ += c;
    } else if (c == '\n') {
      text_ += "\\n";
    } else {
      text_ += "\\u00";
      text_ += kDigits[byte >> 4U];
      text_ += kDigits[byte & 15U];
    }
  }
  text_ += '"';
}

void JsonlWriter::put_cell(const Column& column, std::size_t row) {
  if (column.is_null(row)) {
    text_ += "null";
    return;
  }
  switch (column.field.type) {
    case ColumnType::boolean:
      text_ += column.boolean(row) ? "true" : "false";
      return;
    case ColumnType::real: {
      const double value = column.real(row);
      if (std::isnan(value)) {
        text_ += "NaN";
      } else if (std::isinf(value)) {
        text_ += value < 0 ? "-Infinity" : "Infinity";
      } else {
        append_real_text(text_, value);
      }
      return;
    }
    case ColumnType::integer:
      return append_integer_text(text_, column.integer(row));
    case ColumnType::json: {
      // One line, whatever the value's own text looks like.
      for (const char c : column.bytes(row)) text_ += c == '\n' || c == '\r' ? ' ' : c;
      return;
    }
    default: {
      std::string cell;
      append_cell_text(cell, column, row);
      return put_text(cell);
    }
  }
}

void JsonlWriter::write(const Batch& batch) {
  std::vector<std::string> names;
  for (const Column& column : batch.columns()) {
    std::string before;
    std::swap(before, text_);
    put_text(column.field.name);
    names.push_back(text_ + ": ");
    std::swap(before, text_);
  }
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    text_ += '{';
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i != 0) text_ += ", ";
      text_ += names[i];
      put_cell(batch.columns()[i], row);
    }
    text_ += "}\n";
    if (text_.size() >= kTextAtOnce) finish();
  }
}

void JsonlWriter::finish() {
  if (!text_.empty()) sink_(text_);
  text_.clear();
}

FileFormat jsonl_format() {
  return {.open_reader = [](const Configuration&, std::vector<InputFile> files,
                            const Value& options) -> std::unique_ptr<BatchReader> {
            refuse_options(options);
            return std::make_unique<JsonlReader>(std::move(files));
          },
          .open_writer = [](const Configuration&, ByteSink sink,
                            const Value& options) -> std::unique_ptr<BatchWriter> {
            refuse_options(options);
            return std::make_unique<JsonlWriter>(std::move(sink));
          }};
}

}  // namespace vdk::jsonl
