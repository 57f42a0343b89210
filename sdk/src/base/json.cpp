// Reading JSON as Python's json module does: no library here takes its NaN and Infinity, its lone
// surrogates and its integers of any size, and jobs have all of them.
#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace {

constexpr int kMaxDepth = 256;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value parse_document() {
    Value value = parse_value(0);
    skip_blanks();
    if (at_ < text_.size()) fail("there is more text after the end of the value");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw user_error({.what = fmt::format("This is not valid JSON (line {}, column {}): {}.", line,
                                          at_ - line_start + 1, why)});
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Value parse_value(int depth) {
    if (depth > kMaxDepth) fail(fmt::format("it is nested deeper than {} levels", kMaxDepth));
    skip_blanks();
    switch (peek()) {
      case '{':
        return parse_object(depth);
      case '[':
        return parse_list(depth);
      case '"':
        return parse_string();
      default:
        break;
    }
    if (take("null")) return nullptr;
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("NaN")) return std::numeric_limits<double>::quiet_NaN();
    if (take("Infinity")) return std::numeric_limits<double>::infinity();
    if (take("-Infinity")) return -std::numeric_limits<double>::infinity();
    return parse_number();
  }

  Value parse_object(int depth) {
    ++at_;
    Value object{Value::Map{}};
    skip_blanks();
    if (take("}")) return object;
    for (;;) {
      skip_blanks();
      if (peek() != '"') fail("a name in double quotes is expected");
      const std::string key = parse_string();
      skip_blanks();
      if (!take(":")) fail("a colon is expected");
      object.set(key, parse_value(depth + 1));
      skip_blanks();
      if (take("}")) return object;
      if (!take(",")) fail("a comma or } is expected");
    }
  }

  Value parse_list(int depth) {
    ++at_;
    Value::List list;
    skip_blanks();
    if (take("]")) return list;
    for (;;) {
      list.push_back(parse_value(depth + 1));
      skip_blanks();
      if (take("]")) return list;
      if (!take(",")) fail("a comma or ] is expected");
    }
  }

  std::string parse_string() {
    ++at_;
    std::string out;
    for (;;) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
      out.append(text_.substr(begin, at_ - begin));
      if (at_ == text_.size()) fail("a string has no end");
      if (text_[at_] == '"') {
        ++at_;
        return out;
      }
      if (text_[at_] != '\\') fail("a control character stands in a string");
      ++at_;
      parse_escape(out);
    }
  }

  static bool is_plain(char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
  }

  void parse_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = peek();
    if (const std::size_t known = kLetters.find(letter);
        known != std::string_view::npos && letter != '\0') {
      ++at_;
      out += kMeanings[known];
      return;
    }
    if (letter != 'u') fail("a backslash is followed by no escape");
    ++at_;
    unsigned code = parse_hex();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      const std::size_t back = at_;
      at_ += 2;
      const unsigned low = parse_hex();
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = back;
      }
    }
    append_utf8(out, code);
  }

  unsigned parse_hex() {
    unsigned code = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (failure != std::errc() || digits.size() < 4 || end != digits.data() + 4)
      fail("\\u needs four hexadecimal digits");
    at_ += 4;
    return code;
  }

  // A lone surrogate gets the three bytes that Python's "surrogatepass" gives it.
  static void append_utf8(std::string& out, unsigned code) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }

  std::size_t skip_digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  Value parse_number() {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const std::size_t whole_digits = skip_digits();
    if (whole_digits == 0 || (zero && whole_digits > 1)) {
      at_ = start;
      fail("a value is expected");
    }
    bool real = false;
    const std::size_t before_fraction = at_;
    if (peek() == '.') {
      ++at_;
      if (skip_digits() == 0) {
        at_ = before_fraction;
      } else {
        real = true;
      }
    }
    const std::size_t before_exponent = at_;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (skip_digits() == 0) {
        at_ = before_exponent;
      } else {
        real = true;
      }
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    if (real) return real_value(digits);
    std::int64_t integer = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (failure == std::errc::result_out_of_range) return Value::BigInteger{std::string(digits)};
    return integer;
  }

  static double real_value(std::string_view digits) {
    double value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // Out of range is infinity or zero to Python; strtod tells which.
    return failure == std::errc::result_out_of_range
               ? std::strtod(std::string(digits).c_str(), nullptr)
               : value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Value parse_json(std::string_view text) {
  if (const auto offset = find_invalid_utf8(text)) {
    throw user_error({.what = fmt::format(
                          "This is not valid JSON: the byte at offset {} is not UTF-8.", *offset)});
  }
  return Parser(text).parse_document();
}

}  // namespace vdk
