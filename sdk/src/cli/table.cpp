#include "cli/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk {

namespace {

constexpr std::size_t kHeaderPadding = 2;  // as tabulate has it
constexpr std::string_view kSpaces = " \t\n\r\f\v";

std::string_view strip(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, single underscores between them: what Python takes in a number. Returns how many
// characters there are.
std::size_t digits_at(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() &&
         (is_digit(text[i]) || (text[i] == '_' && i > 0 && text[i - 1] != '_'))) {
    ++i;
  }
  if (i > 0 && text[i - 1] == '_') --i;
  return i;
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return text;
}

bool reads_as_integer(std::string_view text) {
  const std::string_view digits = without_sign(strip(text));
  return !digits.empty() && digits_at(digits) == digits.size();
}

// What Python's float() makes of the text.
std::optional<double> read_real(std::string_view text) {
  text = strip(text);
  std::string_view rest = without_sign(text);
  const std::string word = lower(rest);
  if (word == "inf" || word == "nan" || word == "infinity") {
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  const std::size_t whole = digits_at(rest);
  rest.remove_prefix(whole);
  std::size_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = digits_at(rest);
    rest.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return std::nullopt;
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    rest = without_sign(rest);
    const std::size_t exponent = digits_at(rest);
    if (exponent == 0) return std::nullopt;
    rest.remove_prefix(exponent);
  }
  if (!rest.empty()) return std::nullopt;
  return std::strtod(replace_all(text, "_", "").c_str(), nullptr);
}

// 1,234.5
bool has_thousands(std::string_view text) {
  std::string_view rest = without_sign(text);
  std::size_t group = 0;
  while (group < rest.size() && is_digit(rest[group])) ++group;
  if (group > 3) return false;
  const bool has_whole = group > 0;
  if (!has_whole && rest.size() != text.size()) return false;
  rest.remove_prefix(group);
  while (has_whole && rest.starts_with(',')) {
    if (rest.size() < 4 || !std::all_of(rest.begin() + 1, rest.begin() + 4, is_digit)) return false;
    rest.remove_prefix(4);
  }
  if (rest.empty()) return has_whole;
  if (rest.front() != '.') return false;
  rest.remove_prefix(1);
  return std::ranges::all_of(rest, is_digit) && (has_whole || !rest.empty());
}

bool reads_as_real(std::string_view text) {
  const auto real = read_real(text);
  if (!real) return false;
  if (std::isfinite(*real)) return true;
  const std::string word = lower(text);
  return word == "inf" || word == "-inf" || word == "nan";  // and no overflow
}

// How many characters stand behind the point of a number, or behind its exponent's letter.
int decimals_of(std::string_view text) {
  if (reads_as_integer(text) || !(reads_as_real(text) || has_thousands(text))) return -1;
  auto point = text.rfind('.');
  if (point == std::string_view::npos) point = text.find_last_of("eE");
  return point == std::string_view::npos ? -1 : static_cast<int>(text.size() - point - 1);
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    found.push_back(text.substr(0, end));
    const std::size_t skipped = text.substr(end).starts_with("\r\n") ? 2 : 1;
    text.remove_prefix(std::min(end + skipped, text.size()));
  }
  return found;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const std::string_view line : lines(text)) width = std::max(width, display_width(line));
  return width;
}

std::string cell_text(const Value& value) {
  return value.is_null() ? std::string() : to_python_text(value);
}

}  // namespace

Table::Table(std::vector<std::string> headers, TableStyle style)
    : headers_(std::move(headers)), style_(style), columns_(headers_.size()) {}

Table::Kind Table::kind_of(const Value& value) const {
  if (value.is_null()) return Kind::none;
  if (value.if_bool()) return Kind::boolean;
  if (value.if_integer() || value.if_big_integer()) return Kind::integer;
  if (value.if_real()) return Kind::real;
  const std::string* text = value.if_string();
  if (style_ == TableStyle::exact || !text) return Kind::text;
  if (text->empty()) return Kind::none;
  if (*text == "True" || *text == "False") return Kind::boolean;
  const bool thousands = has_thousands(*text);
  if (reads_as_integer(*text) || (thousands && text->find('.') == std::string::npos)) {
    return Kind::integer;
  }
  return thousands || reads_as_real(*text) ? Kind::real : Kind::text;
}

bool Table::is_numeric(const Column& column) const {
  return column.kind == Kind::integer || column.kind == Kind::real;
}

std::string Table::text_of(const Value& value, const Column& column) const {
  std::string text = cell_text(value);
  if (style_ == TableStyle::exact || text.empty()) return text;
  if (column.kind == Kind::real) {
    if (const bool* boolean = value.if_bool()) return *boolean ? "1" : "0";
    const auto real = read_real(replace_all(text, ",", ""));
    if (!real) return text;
    std::string formatted = fmt::format("{:g}", *real);
    const int decimals = decimals_of(formatted);
    return formatted.append(
        static_cast<std::size_t>(column.decimals - std::min(decimals, column.decimals)), ' ');
  }
  if (column.kind == Kind::integer) return text;
  return std::string(strip(text));
}

void Table::add(const std::vector<Value>& row) {
  if (columns_.size() < row.size()) columns_.resize(row.size());
  for (std::size_t c = 0; c < row.size(); ++c) {
    Kind& kind = columns_[c].kind;
    const Kind found = kind_of(row[c]);
    // Without tabulate's reading, one value that is no number makes the column none.
    const bool mixed = style_ == TableStyle::exact && found == Kind::boolean;
    kind = std::max(kind, mixed ? Kind::text : found);
  }
  rows_.add(row);
}

void Table::measure() {
  if (style_ == TableStyle::tabulate) {
    rows_.for_each([&](const std::vector<Value>& row) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        if (columns_[c].kind != Kind::real) continue;
        Column unaligned = columns_[c];
        unaligned.decimals = -1;
        const std::string text = text_of(row[c], unaligned);
        columns_[c].decimals = std::max(columns_[c].decimals, decimals_of(text));
      }
    });
  }
  for (std::size_t c = 0; c < headers_.size(); ++c) {
    columns_[c].width = width_of(headers_[c]) + kHeaderPadding;
  }
  rows_.for_each([&](const std::vector<Value>& row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      columns_[c].width = std::max(columns_[c].width, width_of(text_of(row[c], columns_[c])));
    }
  });
}

std::string Table::lines_of(const std::vector<std::string>& cells) const {
  std::vector<std::vector<std::string_view>> split;
  std::size_t height = 1;
  for (const std::string& cell : cells) {
    split.push_back(lines(cell));
    height = std::max(height, split.back().size());
  }
  std::string text;
  for (std::size_t l = 0; l < height; ++l) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string_view part = c < split.size() && l < split[c].size() ? split[c][l] : "";
      const std::size_t width = columns_[c].width;
      const std::string blanks(width - std::min(width, display_width(part)), ' ');
      if (c > 0) line += "  ";
      // A table without rows has its headers on the left.
      if (is_numeric(columns_[c])) {
        line += blanks;
        line += part;
      } else {
        line += part;
        line += blanks;
      }
    }
    line.erase(line.find_last_not_of(kSpaces) + 1);
    text += line + '\n';
  }
  return text;
}

void Table::write(const std::function<void(std::string_view)>& out) {
  if (headers_.empty() && rows_.rows() == 0) return;
  measure();
  std::string rule;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    rule += (c > 0 ? "  " : "") + std::string(columns_[c].width, '-');
  }
  rule.erase(rule.find_last_not_of(kSpaces) + 1);
  rule += '\n';
  if (!headers_.empty()) out(lines_of(headers_));
  out(rule);
  std::vector<std::string> cells;
  rows_.for_each([&](const std::vector<Value>& row) {
    cells.clear();
    for (std::size_t c = 0; c < row.size(); ++c) cells.push_back(text_of(row[c], columns_[c]));
    out(lines_of(cells));
  });
  if (headers_.empty()) out(rule);
}

std::string simple_table(const std::vector<std::string>& headers,
                         const std::vector<std::vector<Value>>& rows) {
  Table table(headers, TableStyle::exact);
  for (const std::vector<Value>& row : rows) table.add(row);
  std::string text;
  table.write([&](std::string_view line) { text += line; });
  return text;
}

std::string with_thousands(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
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
