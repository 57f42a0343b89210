#include "vdk/connection/sql_name.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace vdk {

namespace {

bool starts_plain_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool continues_plain_name(char c) {
  return starts_plain_name(c) || (c >= '0' && c <= '9') || c == '$';
}

// What closes a quoted name that this opens; nothing where it opens none.
std::optional<char> closing_quote(char open, SqlDialect dialect) {
  if (open == '"') return '"';
  if (dialect != SqlDialect::sqlite) return std::nullopt;
  if (open == '`') return '`';
  if (open == '[') return ']';
  return std::nullopt;
}

std::optional<SqlName> take_quoted(std::string_view& text, char close) {
  SqlName name{.text = {}, .quoted = true};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != close) {
      name.text += text[i];
    } else if (close != ']' && i + 1 < text.size() && text[i + 1] == close) {
      name.text += text[i++];
    } else {
      text.remove_prefix(i + 1);
      if (name.text.empty()) return std::nullopt;
      return name;
    }
  }
  return std::nullopt;
}

// Takes one name off the front.
std::optional<SqlName> take_name(std::string_view& text, SqlDialect dialect) {
  if (text.empty()) return std::nullopt;
  if (const auto close = closing_quote(text.front(), dialect)) return take_quoted(text, *close);
  if (!starts_plain_name(text.front())) return std::nullopt;
  const auto end = std::ranges::find_if_not(text, continues_plain_name);
  SqlName name{.text = std::string(text.begin(), end)};
  text.remove_prefix(name.text.size());
  return name;
}

}  // namespace

std::string lower_name(std::string_view name) { return lower(name); }

bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && starts_plain_name(name.front()) &&
         std::ranges::all_of(name, continues_plain_name);
}

std::vector<SqlName> parse_name(std::string_view text, std::size_t most_parts, SqlDialect dialect) {
  std::vector<SqlName> parts;
  while (parts.size() < most_parts) {
    std::optional<SqlName> part = take_name(text, dialect);
    if (!part) return {};
    parts.push_back(std::move(*part));
    if (text.empty()) return parts;
    if (!text.starts_with('.')) return {};
    text.remove_prefix(1);
  }
  return {};
}

}  // namespace vdk
