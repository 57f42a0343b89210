#include "vdk/ingest/dead_letter.hpp"

#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

Value cell_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return {};
  switch (column.field.type) {
    case ColumnType::boolean:
      return column.boolean(row);
    case ColumnType::integer:
      return column.integer(row);
    case ColumnType::real:
      return column.real(row);
    default: {
      std::string text;
      append_cell_text(text, column, row);
      return text;
    }
  }
}

// A file name that any table name has: what is no letter, digit, dot or dash becomes '_'.
std::string file_name(std::string_view table) {
  constexpr std::size_t kMost = 200;
  std::string name;
  for (const char c : table.substr(0, kMost)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  if (name.empty() || name.front() == '.') name.insert(0, "table");
  return name + ".jsonl";
}

}  // namespace

DeadLetter::DeadLetter(std::filesystem::path directory) : directory_(std::move(directory)) {}

void DeadLetter::append(const Load& load, const Batch& batch, std::span<const std::size_t> rows,
                        std::int64_t first_row, std::string_view reason) const {
  if (!keeps() || rows.empty()) return;
  std::string lines;
  for (const std::size_t row : rows) {
    Value letter;
    letter.set("execution", load.execution);
    letter.set("step", load.step);
    letter.set("table", load.destination.table);
    letter.set("row", first_row + static_cast<std::int64_t>(row));
    letter.set("reason", reason);
    Value values;
    for (const Column& column : batch.columns()) {
      values.set(column.field.name, cell_value(column, row));
    }
    letter.set("values", std::move(values));
    lines += to_json(letter);
    lines += '\n';
  }
  std::error_code made;
  std::filesystem::create_directories(directory_, made);
  lines.pop_back();
  append_line(directory_ / file_name(load.destination.table), lines);
}

}  // namespace vdk
