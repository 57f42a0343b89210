#include "json_parser.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace vdk::jsonl {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    tail(6);
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    tail(12);
    tail(6);
  }
  tail(0);
}

}  // namespace

void ObjectParser::refuse(std::string reason) {
  reason_ = std::move(reason);
  throw Stop{Outcome::wrong};
}

void ObjectParser::run_out() {
  if (whole_) refuse("the text ends in the middle of an object");
  throw Stop{Outcome::incomplete};
}

void ObjectParser::skip_blanks() noexcept {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

bool ObjectParser::take(std::string_view word) {
  const std::string_view rest = text_.substr(at_, word.size());
  if (rest == word) {
    at_ += word.size();
    return true;
  }
  if (!whole_ && rest.size() < word.size() && word.starts_with(rest)) run_out();
  return false;
}

void ObjectParser::expect(char c, std::string_view wanted) {
  skip_blanks();
  if (at_ == text_.size()) run_out();
  if (text_[at_] != c) refuse(std::string(wanted) + " is expected");
  ++at_;
}

Outcome ObjectParser::next(BatchBuilder& builder) {
  const std::size_t begin = at_;
  const bool began_in_list = in_list_;
  try {
    for (;;) {
      skip_blanks();
      if (at_ == text_.size()) {
        if (in_list_ && whole_) refuse("the list has no end");
        return Outcome::end;
      }
      const char c = text_[at_];
      if (c == '{') break;
      if (c == '[' && !in_list_) {
        in_list_ = true;
      } else if (in_list_ && c == ']') {
        in_list_ = false;
      } else if (c != ',') {
        refuse("an object is expected");
      }
      ++at_;
    }
    read_object(builder);
    builder.end_row();
    return Outcome::row;
  } catch (const Stop& stop) {
    if (stop.outcome == Outcome::incomplete) {
      at_ = begin;
      in_list_ = began_in_list;
    }
    return stop.outcome;
  }
}

void ObjectParser::read_object(BatchBuilder& builder) {
  ++at_;
  skip_blanks();
  if (at_ < text_.size() && text_[at_] == '}') {
    ++at_;
    return;
  }
  for (;;) {
    skip_blanks();
    expect('"', "a name in double quotes");
    const std::size_t column = builder.column(read_string(name_));
    expect(':', "a colon");
    skip_blanks();
    read_value(builder, column);
    skip_blanks();
    if (at_ == text_.size()) run_out();
    const char c = text_[at_];
    if (c != ',' && c != '}') refuse("a comma or } is expected");
    ++at_;
    if (c == '}') return;
  }
}

void ObjectParser::read_value(BatchBuilder& builder, std::size_t column) {
  if (at_ == text_.size()) run_out();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::size_t begin = at_;
  switch (text_[at_]) {
    case '"':
      ++at_;
      return builder.append_text(column, read_string(content_));
    case '{':
    case '[':
      skip_value(1);
      return builder.append_json(column, text_.substr(begin, at_ - begin));
    case 'n':
      if (take("null")) return builder.append_null(column);
      break;
    case 't':
      if (take("true")) return builder.append_boolean(column, true);
      break;
    case 'f':
      if (take("false")) return builder.append_boolean(column, false);
      break;
    case 'N':
      if (take("NaN")) {
        return builder.append_real(column, std::numeric_limits<double>::quiet_NaN());
      }
      break;
    case 'I':
      if (take("Infinity")) return builder.append_real(column, kInfinity);
      break;
    default:
      if (take("-Infinity")) return builder.append_real(column, -kInfinity);
      return read_number(builder, column);
  }
  refuse("a value is expected");
}

void ObjectParser::read_number(BatchBuilder& builder, std::size_t column) {
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    if (at_ == text_.size() && !whole_) run_out();
    return at_ - first;
  };
  const auto next_is = [this](char c) { return at_ < text_.size() && text_[at_] == c; };
  if (next_is('-')) ++at_;
  const bool zero = next_is('0');
  const std::size_t whole = digits();
  if (whole == 0) refuse("a value is expected");
  if (zero && whole > 1) refuse("a number begins with a zero");
  bool is_integer = true;
  if (next_is('.')) {
    is_integer = false;
    ++at_;
    if (digits() == 0) refuse("a digit is expected behind the point");
  }
  if (next_is('e') || next_is('E')) {
    is_integer = false;
    ++at_;
    if (next_is('+') || next_is('-')) ++at_;
    if (digits() == 0) refuse("a digit is expected in the exponent");
  }
  const std::string_view text = text_.substr(begin, at_ - begin);
  const char* end = text.data() + text.size();
  if (is_integer) {
    std::int64_t value = 0;
    if (std::from_chars(text.data(), end, value).ec == std::errc()) {
      return builder.append_integer(column, value);
    }
    return builder.append_json(column, text);  // beyond 64 bits
  }
  double value = 0;
  if (std::from_chars(text.data(), end, value).ec == std::errc()) {
    return builder.append_real(column, value);
  }
  builder.append_decimal(column, text);  // no double is near
}

std::string_view ObjectParser::read_string(std::string& scratch) {
  std::size_t begin = at_;
  bool has_escapes = false;
  for (;;) {
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20) {
      ++at_;
    }
    if (at_ == text_.size()) run_out();
    const std::string_view piece = text_.substr(begin, at_ - begin);
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      if (!has_escapes) return piece;
      scratch += piece;
      return scratch;
    }
    if (c != '\\') refuse("a control character stands in a string");
    if (!has_escapes) scratch.clear();
    has_escapes = true;
    scratch += piece;
    ++at_;
    read_escape(scratch);
    begin = at_;
  }
}

void ObjectParser::read_escape(std::string& out) {
  if (at_ == text_.size()) run_out();
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char c = text_[at_++];
  if (const std::size_t index = kLetters.find(c); index != std::string_view::npos) {
    out += kMeanings[index];
    return;
  }
  if (c != 'u') refuse("an escape is unknown");
  std::uint32_t code = read_hexadecimal();
  if (code >= 0xD800 && code < 0xDC00) {
    if (take("\\u")) {
      const std::uint32_t low = read_hexadecimal();
      if (low < 0xDC00 || low > 0xDFFF) refuse("half a surrogate pair is no character");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    } else {
      refuse("half a surrogate pair is no character");
    }
  } else if (code >= 0xDC00 && code < 0xE000) {
    refuse("half a surrogate pair is no character");
  }
  append_utf8(out, code);
}

std::uint32_t ObjectParser::read_hexadecimal() {
  constexpr std::size_t kDigits = 4;
  const std::string_view digits = text_.substr(at_, kDigits);
  if (digits.size() < kDigits) run_out();
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, code, 16);
  if (error != std::errc() || end != digits.data() + kDigits) {
    refuse("four hexadecimal digits are expected");
  }
  at_ += kDigits;
  return code;
}

// Checks a nested value without keeping it.
void ObjectParser::skip_value(int depth) {
  if (depth > kMostDepth) refuse("it is nested deeper than 256 levels");
  if (at_ == text_.size()) run_out();
  const char open = text_[at_];
  if (open == '"') {
    ++at_;
    (void)read_string(content_);
    return;
  }
  if (open != '{' && open != '[') {
    if (take("null") || take("true") || take("false")) return;
    if (take("NaN") || take("Infinity") || take("-Infinity")) {
      refuse("NaN and Infinity in a nested value are no JSON");
    }
    BatchBuilder ignored;
    return read_number(ignored, ignored.column("number"));
  }
  ++at_;
  const char close = open == '{' ? '}' : ']';
  skip_blanks();
  if (at_ < text_.size() && text_[at_] == close) {
    ++at_;
    return;
  }
  for (;;) {
    skip_blanks();
    if (open == '{') {
      expect('"', "a name in double quotes");
      (void)read_string(content_);
      expect(':', "a colon");
      skip_blanks();
    }
    skip_value(depth + 1);
    skip_blanks();
    if (at_ == text_.size()) run_out();
    const char c = text_[at_];
    if (c != ',' && c != close) refuse(std::string("a comma or ") + close + " is expected");
    ++at_;
    if (c == close) return;
  }
}

}  // namespace vdk::jsonl
