#include "csv_writer.hpp"

#include "csv_reader.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::csv {
namespace {

constexpr std::size_t kTextAtOnce = std::size_t{256} << 10U;
constexpr std::string_view kNothingWritten = "Nothing was written.";

}  // namespace

CsvWriter::Options CsvWriter::parse_options(const Value& options) {
  Options result;
  const Value::Map* map = options.if_map();
  if (!map) return result;
  for (const auto& [key, value] : *map) {
    if (key == "header" && value.if_bool()) {
      result.header = *value.if_bool();
    } else if (key == "sep" && value.if_string() && value.if_string()->size() == 1 &&
               value.if_string()->find_first_of("\"\r\n") == std::string::npos) {
      result.separator = value.if_string()->front();
    } else if (key == "header" || key == "sep") {
      throw user_error(
          {.what = "The CSV option " + key + " is " + to_json(value) + ".",
           .why = key == "sep" ? "It must be one character." : "It must be true or false.",
           .consequence = std::string(kNothingWritten)});
    } else {
      throw UnknownOption(key, {.what = "CSV files are not written with an option " + key + ".",
                                .why = "There are header and sep.",
                                .consequence = std::string(kNothingWritten)});
    }
  }
  return result;
}

void CsvWriter::put(std::string_view field) {
  const bool is_plain = field.find_first_of("\"\r\n") == std::string_view::npos &&
                        field.find(options_.separator) == std::string_view::npos;
  if (is_plain) {
    text_ += field;
    return;
  }
  text_ += '"';
  for (const char c : field) {
    if (c == '"') text_ += '"';
    text_ += c;
  }
  text_ += '"';
}

void CsvWriter::write(const Batch& batch) {
  const std::vector<Column>& columns = batch.columns();
  const auto put_line = [&](const auto& put_field) {
    const std::size_t begin = text_.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) text_ += options_.separator;
      put_field(columns[i]);
    }
    if (text_.size() == begin) text_ += "\"\"";  // or else it would be a blank line
    text_ += '\n';
  };
  if (!begun_ && options_.header) put_line([&](const Column& column) { put(column.field.name); });
  begun_ = true;
  std::string cell;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    put_line([&](const Column& column) {
      cell.clear();
      append_cell_text(cell, column, row);
      put(cell);
    });
    if (text_.size() >= kTextAtOnce) {
      sink_(text_);
      text_.clear();
    }
  }
}

void CsvWriter::finish() {
  if (!text_.empty()) sink_(text_);
  text_.clear();
}

FileFormat csv_format() {
  return {.open_reader = [](const Configuration&, const std::vector<InputFile>& files,
                            const Value& options) -> std::unique_ptr<BatchReader> {
            return std::make_unique<CsvReader>(files, parse_read_options(options));
          },
          .open_writer = [](const Configuration&, ByteSink sink,
                            const Value& options) -> std::unique_ptr<BatchWriter> {
            return std::make_unique<CsvWriter>(std::move(sink), CsvWriter::parse_options(options));
          }};
}

}  // namespace vdk::csv
