#include "graphql/lexer.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace vdk::service::graphql {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

void append_utf8(std::string& text, unsigned code) {
  const auto tail = [&text](unsigned bits) { text += static_cast<char>(0x80U | (bits & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(code);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(code >> 6U);
    tail(code);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(code >> 12U);
    tail(code >> 6U);
    tail(code);
  }
}

// The lines of a block string without the indentation that they share and blank lines around them.
std::string without_indentation(std::string_view raw) {
  std::vector<std::string_view> lines;
  for (;;) {
    const auto end = raw.find('\n');
    auto line = raw.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    raw.remove_prefix(end + 1);
  }
  const auto indentation = [](std::string_view line) {
    return static_cast<std::size_t>(std::ranges::find_if_not(line, is_blank) - line.begin());
  };
  std::optional<std::size_t> shared;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto width = indentation(lines[i]);
    if (width < lines[i].size()) shared = std::min(shared.value_or(width), width);
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    lines[i].remove_prefix(std::min(shared.value_or(0), lines[i].size()));
  }
  const auto is_empty = [&](std::string_view line) { return indentation(line) == line.size(); };
  const auto first = std::ranges::find_if_not(lines, is_empty);
  lines.erase(lines.begin(), first);
  while (!lines.empty() && is_empty(lines.back())) lines.pop_back();
  std::string text;
  for (const auto line : lines) text.append(text.empty() ? "" : "\n").append(line);
  return text;
}

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

char Lexer::at(std::size_t ahead) const noexcept {
  return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
}

void Lexer::step() {
  const char c = text_[position_++];
  if (c == '\n') {
    location_ = {.line = location_.line + 1, .column = 1};
  } else if ((static_cast<unsigned char>(at(0)) & 0xC0U) != 0x80U) {
    ++location_.column;
  }
}

void Lexer::skip_ignored() {
  while (position_ < text_.size()) {
    const char c = at(0);
    if (c == '#') {
      while (position_ < text_.size() && at(0) != '\n' && at(0) != '\r') step();
    } else if (is_blank(c) || c == '\n' || c == '\r' || c == ',') {
      step();
    } else {
      return;
    }
  }
}

void Lexer::refuse(const std::string& why) const {
  const auto token = position_ < text_.size() ? std::string(1, at(0)) : std::string("<EOF>");
  const bool is_plain = token.size() > 1 || (token[0] > ' ' && token[0] < 0x7F);
  throw QueryError::syntax(why, is_plain ? token : "?", location_);
}

Token Lexer::next() {
  skip_ignored();
  Token token{.location = location_};
  if (position_ == text_.size()) return token;
  const char c = at(0);
  if (begins_name(c)) {
    token.kind = Token::Kind::name;
    token.text = take_name();
    return token;
  }
  if (is_digit(c) || c == '-') return number();
  if (c == '"') {
    token.kind = Token::Kind::string;
    token.text = at(1) == '"' && at(2) == '"' ? block_string() : string();
    return token;
  }
  token.kind = Token::Kind::punctuator;
  if (c == '.' && at(1) == '.' && at(2) == '.') {
    token.text = "...";
  } else if (std::string_view("!$&():=@[]{|}").find(c) != std::string_view::npos) {
    token.text = c;
  } else {
    refuse("no word of a query begins like this.");
  }
  for (std::size_t i = 0; i < token.text.size(); ++i) step();
  return token;
}

std::string Lexer::take_name() {
  std::string name;
  while (begins_name(at(0)) || is_digit(at(0))) {
    name += at(0);
    step();
  }
  return name;
}

void Lexer::take_digits(std::string& digits) {
  if (!is_digit(at(0))) refuse("a number has a digit here.");
  while (is_digit(at(0))) {
    digits += at(0);
    step();
  }
}

Token Lexer::number() {
  Token token{.kind = Token::Kind::integer, .location = location_};
  const auto take = [&] {
    token.text += at(0);
    step();
  };
  if (at(0) == '-') take();
  if (at(0) == '0' && is_digit(at(1))) refuse("a number does not begin with a zero.");
  take_digits(token.text);
  if (at(0) == '.' && at(1) != '.') {
    token.kind = Token::Kind::real;
    take();
    take_digits(token.text);
  }
  if (at(0) == 'e' || at(0) == 'E') {
    token.kind = Token::Kind::real;
    take();
    if (at(0) == '+' || at(0) == '-') take();
    take_digits(token.text);
  }
  if (begins_name(at(0))) refuse("a number ends before a name begins.");
  return token;
}

unsigned Lexer::take_code_unit() {
  unsigned code = 0;
  const bool is_braced = at(0) == '{';
  if (is_braced) step();
  std::size_t count = 0;
  for (; count < (is_braced ? 6U : 4U); ++count) {
    const char c = at(0);
    if (is_digit(c)) {
      code = code * 16 + static_cast<unsigned>(c - '0');
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      code = code * 16 + static_cast<unsigned>((c | 0x20) - 'a') + 10;
    } else {
      break;
    }
    step();
  }
  const bool is_whole = is_braced ? count > 0 && at(0) == '}' : count == 4;
  if (!is_whole) refuse("\\u is followed by four digits or by digits in braces.");
  if (is_braced) step();
  return code;
}

void Lexer::take_escape(std::string& text) {
  step();
  constexpr std::string_view kSigns = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const auto found = kSigns.find(at(0)); at(0) != '\0' && found != std::string_view::npos) {
    text += kMeanings[found];
    step();
    return;
  }
  if (at(0) != 'u') refuse("nothing is escaped like this.");
  step();
  unsigned code = take_code_unit();
  const bool leads = code >= 0xD800 && code < 0xDC00;
  if (leads && at(0) == '\\' && at(1) == 'u') {
    step();
    step();
    const unsigned trail = take_code_unit();
    if (trail < 0xDC00 || trail > 0xDFFF) refuse("half of a character stands alone.");
    code = 0x10000 + ((code - 0xD800) << 10U) + (trail - 0xDC00);
  } else if (code >= 0xD800 && code < 0xE000) {
    refuse("half of a character stands alone.");
  }
  if (code > 0x10FFFF) refuse("there is no such character.");
  append_utf8(text, code);
}

std::string Lexer::string() {
  std::string text;
  step();
  while (at(0) != '"') {
    if (position_ == text_.size() || at(0) == '\n' || at(0) == '\r') {
      refuse("a string is ended by a quotation mark in its line.");
    }
    if (at(0) == '\\') {
      take_escape(text);
    } else {
      text += at(0);
      step();
    }
  }
  step();
  return text;
}

std::string Lexer::block_string() {
  std::string raw;
  const auto skip = [this](int count) {
    while (count-- > 0) step();
  };
  const auto has_quotes = [this](std::size_t ahead) {
    return at(ahead) == '"' && at(ahead + 1) == '"' && at(ahead + 2) == '"';
  };
  skip(3);
  while (!has_quotes(0)) {
    if (position_ == text_.size()) refuse("a block string is ended by three quotation marks.");
    if (at(0) == '\\' && has_quotes(1)) {
      raw += "\"\"\"";
      skip(4);
    } else {
      raw += at(0);
      step();
    }
  }
  skip(3);
  return without_indentation(raw);
}

}  // namespace vdk::service::graphql
