#include "postgres_names.hpp"

#include <algorithm>
#include <charconv>

namespace vdk::postgres {
namespace {

constexpr std::string_view kSystemColumns[] = {"cmax", "cmin", "ctid",    "gp_segment_id",
                                               "xmax", "xmin", "tableoid"};

bool starts_plain_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool continues_plain_name(char c) { return starts_plain_name(c) || is_digit(c) || c == '$'; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return result;
}

// Takes one SQL name off the front; false where there is none.
bool take_name(std::string_view& text, std::string& name) {
  if (text.starts_with('"')) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] != '"') {
        name += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        name += text[i++];
      } else {
        text.remove_prefix(i + 1);
        return !name.empty();
      }
    }
    return false;
  }
  if (text.empty() || !starts_plain_name(text.front())) return false;
  const auto end = std::ranges::find_if_not(text, continues_plain_name);
  const std::string_view plain(text.begin(), end);
  name = lower(plain);
  text.remove_prefix(plain.size());
  return true;
}

}  // namespace

std::string cut_name(std::string_view name) {
  if (name.size() <= kLongestName) return std::string(name);
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;
  return std::string(name.substr(0, end));
}

bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && starts_plain_name(name.front()) &&
         std::ranges::all_of(name, continues_plain_name);
}

std::string fold_name(std::string_view name) {
  std::string folded = lower(name);
  if (std::ranges::find(kSystemColumns, folded) != std::end(kSystemColumns)) folded += '_';
  return folded;
}

std::vector<std::string> parse_table_name(std::string_view text) {
  constexpr std::size_t kMostParts = 3;
  std::string_view rest = text;
  std::vector<std::string> parts;
  while (parts.size() < kMostParts) {
    std::string part;
    if (!take_name(rest, part)) break;
    parts.push_back(cut_name(part));
    if (rest.empty()) return parts;
    if (!rest.starts_with('.')) break;
    rest.remove_prefix(1);
  }
  return {cut_name(text)};
}

std::string column_name(std::string_view key) {
  return is_plain_name(key) ? fold_name(key) : std::string(key);
}

std::optional<CopyPlace> copy_place(std::string_view context, std::string_view table) {
  // The line of the statement itself is the last one, but the rows that it quotes may have lines.
  while (!context.empty()) {
    const auto end = std::min(context.find('\n'), context.size());
    std::string_view line = context.substr(0, end);
    context.remove_prefix(std::min(end + 1, context.size()));
    const auto named = line.find(table);
    if (named == std::string_view::npos || line.find("COPY") == std::string_view::npos) continue;
    line.remove_prefix(named + table.size());
    const auto* const digits = std::ranges::find_if(line, is_digit);
    CopyPlace place;
    const auto [rest, error] = std::from_chars(digits, line.end(), place.row);
    if (error != std::errc() || place.row == 0) continue;
    constexpr std::string_view kColumn = ", column ";
    line.remove_prefix(static_cast<std::size_t>(rest - line.begin()));
    if (line.starts_with(kColumn)) {
      line.remove_prefix(kColumn.size());
      place.column = line.substr(0, line.find(':'));
    }
    return place;
  }
  return std::nullopt;
}

}  // namespace vdk::postgres
