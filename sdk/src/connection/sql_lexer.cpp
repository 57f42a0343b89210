#include "connection/sql_lexer.hpp"

#include <algorithm>

namespace vdk {
namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool starts_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool continues_word(char c) noexcept { return starts_word(c) || c == '$'; }

// The end of what `close` ends; a doubled `close` stands for itself.
std::size_t end_of_quote(std::string_view sql, std::size_t begin, char close,
                         bool backslashes) noexcept {
  for (std::size_t i = begin; i < sql.size(); ++i) {
    if (backslashes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == close) {
      if (i + 1 < sql.size() && sql[i + 1] == close) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return sql.size();
}

std::size_t end_of_block_comment(std::string_view sql, std::size_t begin, bool nested) noexcept {
  int depth = 1;
  for (std::size_t i = begin + 2; i + 1 < sql.size(); ++i) {
    if (sql[i] == '*' && sql[i + 1] == '/') {
      ++i;
      if (--depth == 0) {
        return i + 1;
      }
    } else if (nested && sql[i] == '/' && sql[i + 1] == '*') {
      ++depth;
      ++i;
    }
  }
  return sql.size();
}

// The end of $tag$ … $tag$ that begins here, or `begin` where no such opening stands here.
std::size_t end_of_dollar_quote(std::string_view sql, std::size_t begin) noexcept {
  std::size_t i = begin + 1;
  while (i < sql.size() && starts_word(sql[i])) {
    ++i;
  }
  const bool digit_first = sql.size() > begin + 1 && sql[begin + 1] >= '0' && sql[begin + 1] <= '9';
  if (i >= sql.size() || sql[i] != '$' || digit_first) {
    return begin;
  }
  const auto tag = sql.substr(begin, i + 1 - begin);
  const auto end = sql.find(tag, i + 1);
  return end == std::string_view::npos ? sql.size() : end + tag.size();
}

}  // namespace

SqlToken next_sql_token(std::string_view sql, std::size_t begin, SqlDialect dialect) noexcept {
  const char c = sql[begin];
  const char next = begin + 1 < sql.size() ? sql[begin + 1] : '\0';
  const bool postgres = dialect == SqlDialect::postgres;
  const auto run = [&](SqlTokenKind kind, auto predicate) {
    std::size_t end = begin + 1;
    while (end < sql.size() && predicate(sql[end])) {
      ++end;
    }
    return SqlToken{kind, begin, end};
  };

  if (is_space(c)) {
    return run(SqlTokenKind::space, is_space);
  }
  if (c == '-' && next == '-') {
    const auto line_end = sql.find('\n', begin);
    const auto end = line_end == std::string_view::npos ? sql.size() : line_end;
    return {SqlTokenKind::comment, begin, end};
  }
  if (c == '/' && next == '*') {
    return {SqlTokenKind::comment, begin, end_of_block_comment(sql, begin, postgres)};
  }
  if (postgres && (c == 'e' || c == 'E') && next == '\'') {
    return {SqlTokenKind::quoted, begin, end_of_quote(sql, begin + 2, '\'', true)};
  }
  if (c == '\'' || c == '"' || c == '`') {
    return {SqlTokenKind::quoted, begin, end_of_quote(sql, begin + 1, c, false)};
  }
  if (!postgres && c == '[') {
    const auto close = sql.find(']', begin);
    const auto end = close == std::string_view::npos ? sql.size() : close + 1;
    return {SqlTokenKind::quoted, begin, end};
  }
  if (c == '$') {
    const auto end = end_of_dollar_quote(sql, begin);
    if (end != begin) {
      return {SqlTokenKind::quoted, begin, end};
    }
  }
  if (starts_word(c)) {
    return run(SqlTokenKind::word, continues_word);
  }
  if (c == ';') {
    return {SqlTokenKind::semicolon, begin, begin + 1};
  }
  return {SqlTokenKind::other, begin, begin + 1};
}

}  // namespace vdk
