#include "postgres_names.hpp"

#include <algorithm>
#include <charconv>

namespace vdk::postgres {
namespace {

constexpr std::string_view kSystemColumns[] = {"cmax", "cmin", "ctid",    "gp_segment_id",
                                               "xmax", "xmin", "tableoid"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string cut_name(std::string_view name) {
  if (name.size() <= kLongestName) return std::string(name);
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;
  return std::string(name.substr(0, end));
}

std::string fold_name(std::string_view name) {
  std::string folded = lower_name(name);
  if (std::ranges::find(kSystemColumns, folded) != std::end(kSystemColumns)) folded += '_';
  return folded;
}

std::vector<std::string> parse_table_name(std::string_view text) {
  constexpr std::size_t kMostParts = 3;
  std::vector<std::string> parts;
  for (const SqlName& part : parse_name(text, kMostParts, SqlDialect::postgres)) {
    parts.push_back(cut_name(part.quoted ? part.text : lower_name(part.text)));
  }
  if (parts.empty()) parts.push_back(cut_name(text));
  return parts;
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
