#include "printer.hpp"

#include <algorithm>
#include <string_view>

#include "vdk/base/utf8.hpp"

namespace vdk::control {
namespace {

using Row = std::vector<std::string>;

std::string cell(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return to_python_text(*value);
}

// Characters, not bytes; the cells that a service gives have no wide ones that would matter.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    if (end == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

// A column is wider than its header by two, as upstream's client has it.
std::vector<std::size_t> widths_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& header : rows.front()) widths.push_back(width_of(header) + 2);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (const std::string& line : lines_of(row[i])) {
        widths[i] = std::max(widths[i], width_of(line));
      }
    }
  }
  return widths;
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - width_of(text), ' ');
}

struct Frame {
  std::string_view left, fill, cross, right;
};

// The rows in frames of lines, the first one as the header.
std::string framed(const std::vector<Row>& rows) {
  const std::vector<std::size_t> widths = widths_of(rows);
  const auto rule = [&widths](const Frame& frame) {
    std::string line(frame.left);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) line += frame.cross;
      for (std::size_t n = 0; n < widths[i] + 2; ++n) line += frame.fill;
    }
    return line.append(frame.right) + '\n';
  };
  std::string text = rule({"╒", "═", "╤", "╕"});
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r == 1) text += rule({"╞", "═", "╪", "╡"});
    if (r > 1) text += rule({"├", "─", "┼", "┤"});
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (const std::string& each : rows[r]) {
      cells.push_back(lines_of(each));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string shown = line < cells[i].size() ? cells[i][line] : std::string();
        text += "│ " + padded(shown, widths[i]) + ' ';
      }
      text += "│\n";
    }
  }
  return text + rule({"╘", "═", "╧", "╛"});
}

}  // namespace

Printer::Printer(Invocation& invocation)
    : invocation_(invocation), json_(invocation.get("output") == "json") {}

void Printer::table(const std::vector<Value>& rows) {
  if (json_) {
    invocation_.print(to_json(Value(Value::List(rows.begin(), rows.end()))) + '\n');
    return;
  }
  if (rows.empty()) {
    invocation_.print("No Data.\n");
    return;
  }
  Row header;
  for (const Value& row : rows) {
    if (const Value::Map* members = row.if_map()) {
      for (const Member& member : *members) {
        if (std::ranges::find(header, member.key) == header.end()) header.push_back(member.key);
      }
    }
  }
  std::vector<Row> cells{header};
  for (const Value& row : rows) {
    Row texts;
    for (const std::string& key : header) texts.push_back(cell(row.find(key)));
    cells.push_back(std::move(texts));
  }
  invocation_.print(framed(cells));
}

void Printer::map(const Value& map) {
  const Value::Map* members = map.if_map();
  const bool empty = members == nullptr || members->empty();
  if (json_) {
    invocation_.print(empty ? "{}\n" : to_json(map) + '\n');
    return;
  }
  if (empty) {
    invocation_.print("No Data.\n");
    return;
  }
  std::vector<Row> rows{{"key", "value"}};
  for (const Member& member : *members) rows.push_back({member.key, cell(&member.value)});
  const std::vector<std::size_t> widths = widths_of(rows);
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r == 1) text += std::string(widths[0], '-') + "  " + std::string(widths[1], '-') + '\n';
    const std::vector<std::string> lines = lines_of(rows[r][1]);
    for (std::size_t line = 0; line < lines.size(); ++line) {
      text += padded(line == 0 ? rows[r][0] : std::string(), widths[0]) + "  " + lines[line] + '\n';
    }
  }
  invocation_.print(text);
}

void Printer::say(const std::string& line) {
  if (!json_) invocation_.print(line + '\n');
}

}  // namespace vdk::control
