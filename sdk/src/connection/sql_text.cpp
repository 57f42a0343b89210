#include "vdk/connection/sql_text.hpp"

#include <algorithm>

#include "connection/sql_lexer.hpp"

namespace vdk {
namespace {

bool continues_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The last place at or before `place` where a character begins.
std::size_t character_begin(std::string_view text, std::size_t place) noexcept {
  while (place > 0 && place < text.size() && continues_character(text[place])) {
    --place;
  }
  return place;
}

}  // namespace

std::size_t next_code(std::string_view sql, std::size_t from, SqlDialect dialect) noexcept {
  while (from < sql.size()) {
    const SqlToken token = next_sql_token(sql, from, dialect);
    if (token.kind != SqlTokenKind::space && token.kind != SqlTokenKind::comment &&
        token.kind != SqlTokenKind::semicolon) {
      return from;
    }
    from = token.end;
  }
  return sql.size();
}

std::string excerpt_at(std::string_view sql, std::size_t offset) {
  constexpr std::size_t kWidth = 100;
  offset = std::min(offset, sql.size());
  const auto before = sql.substr(0, offset).rfind('\n');
  std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::size_t end = std::min(sql.find('\n', offset), sql.size());
  if (offset - begin > kWidth / 2) {
    begin = character_begin(sql, offset - kWidth / 2);
  }
  end = character_begin(sql, std::min(end, begin + kWidth));
  std::string mark;
  for (const char c : sql.substr(begin, offset - begin)) {
    if (!continues_character(c)) {
      mark += c == '\t' ? '\t' : ' ';
    }
  }
  return std::string(sql.substr(begin, end - begin)) + '\n' + mark + '^';
}

std::string beginning_of(std::string_view sql) {
  constexpr std::size_t kLimit = 300;
  const std::size_t end = character_begin(sql, std::min(sql.size(), kLimit));
  return std::string(sql.substr(0, end)) + (end < sql.size() ? "…" : "");
}

}  // namespace vdk
