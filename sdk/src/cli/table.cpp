#include "cli/table.hpp"

#include "base/text.hpp"

namespace vdk {

namespace {

constexpr std::size_t kHeaderPadding = 2;  // as tabulate has it

bool is_number(const Value& value) {
  return value.if_integer() || value.if_real() || value.if_big_integer();
}

std::string cell_text(const Value& value) {
  return value.is_null() ? std::string() : to_python_text(value);
}

}  // namespace

std::string simple_table(const std::vector<std::string>& headers,
                         const std::vector<std::vector<Value>>& rows) {
  std::size_t columns = headers.size();
  for (const auto& row : rows) columns = std::max(columns, row.size());
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> numeric(columns, !rows.empty());
  std::vector<std::vector<std::string>> texts;
  for (std::size_t c = 0; c < headers.size(); ++c) {
    widths[c] = display_width(headers[c]) + kHeaderPadding;
  }
  for (const auto& row : rows) {
    std::vector<std::string>& line = texts.emplace_back();
    for (std::size_t c = 0; c < row.size(); ++c) {
      line.push_back(cell_text(row[c]));
      widths[c] = std::max(widths[c], display_width(line.back()));
      if (!is_number(row[c]) && !row[c].is_null()) numeric[c] = false;
    }
  }
  const auto append_line = [&](std::string& out, const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string text = c < cells.size() ? cells[c] : std::string();
      const std::string blanks(widths[c] - std::min(widths[c], display_width(text)), ' ');
      if (c > 0) line += "  ";
      line += numeric[c] ? blanks + text : text + blanks;
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  };
  std::string rule;
  for (std::size_t c = 0; c < columns; ++c)
    rule += (c > 0 ? "  " : "") + std::string(std::max<std::size_t>(widths[c], 1), '-');
  rule += '\n';
  std::string out;
  if (!headers.empty()) append_line(out, headers);
  out += rule;
  for (const auto& line : texts) append_line(out, line);
  if (headers.empty()) out += rule;
  return out;
}

std::string csv_line(const std::vector<Value>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    const std::string text = cell_text(cells[i]);
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
      line += text;
    } else {
      line += '"' + replace_all(text, "\"", "\"\"") + '"';
    }
  }
  return line + '\n';
}

}  // namespace vdk
