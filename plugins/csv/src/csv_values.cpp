#include "csv_values.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

namespace vdk::csv {
namespace {

constexpr std::size_t kMostDecimalDigits = 38;  // what databases keep exactly

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_in_lower(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char c, char l) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) == l;
  });
}

enum class Form { none, integer, real, infinity };

// Takes the number apart; `plain` gets what from_chars reads.
Form take_apart(std::string_view text, const NumberSyntax& syntax, std::string& plain) {
  plain.clear();
  text = trim(text);
  if (text.empty()) return Form::none;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (negative) plain += '-';
  if (equals_in_lower(text, "inf") || equals_in_lower(text, "infinity")) return Form::infinity;

  std::size_t at = 0;
  std::size_t digits = 0;
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      plain += text[at];
      ++digits;
    } else if (syntax.thousands == '\0' || text[at] != syntax.thousands || digits == 0) {
      break;
    }
  }
  if (at == text.size()) return digits != 0 ? Form::integer : Form::none;
  if (text[at] == syntax.decimal) {
    if (digits == 0) plain += '0';
    plain += '.';
    const std::size_t whole = digits;
    for (++at; at < text.size() && is_digit(text[at]); ++at, ++digits) plain += text[at];
    if (digits == whole) plain += '0';
  }
  if (digits == 0) return Form::none;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    plain += 'e';
    if (++at < text.size() && (text[at] == '-' || text[at] == '+')) {
      if (text[at] == '-') plain += '-';
      ++at;
    }
    const std::size_t begin = at;
    for (; at < text.size() && is_digit(text[at]); ++at) plain += text[at];
    if (at == begin) return Form::none;
  }
  return at == text.size() ? Form::real : Form::none;
}

// What from_chars does not say of a number out of range: whether it is too large or too small.
bool is_large(std::string_view plain) {
  const std::size_t mark = plain.find('e');
  std::string_view digits = plain.substr(0, mark);
  if (digits.starts_with('-')) digits.remove_prefix(1);
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    const std::string_view text = plain.substr(mark + 1);
    if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc()) {
      return !text.starts_with('-');
    }
  }
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  return exponent > (first < point ? -static_cast<std::int64_t>(point - first)
                                   : static_cast<std::int64_t>(first - point));
}

std::size_t significant_digits(std::string_view plain_integer) {
  if (plain_integer.starts_with('-')) plain_integer.remove_prefix(1);
  const std::size_t first = std::min(plain_integer.find_first_not_of('0'), plain_integer.size());
  return plain_integer.size() - first;
}

}  // namespace

void NullTexts::add(std::string text) {
  if (text.empty()) {
    has_empty_ = true;
    return;
  }
  lengths_[static_cast<unsigned char>(text.front())] |=
      text.size() < 31 ? 1U << text.size() : 1U << 31U;
  texts_.push_back(std::move(text));
}

bool NullTexts::search(std::string_view text) const noexcept {
  return std::find(texts_.begin(), texts_.end(), text) != texts_.end();
}

bool NullTexts::contains_number(double value) const noexcept {
  return std::find(numbers_.begin(), numbers_.end(), value) != numbers_.end();
}

Kind unite(Kind a, Kind b) noexcept {
  if (a == Kind::nothing || a == b) return b;
  if (b == Kind::nothing) return a;
  if (a == Kind::boolean || b == Kind::boolean) return Kind::text;
  return std::max(a, b);
}

Kind classify(std::string_view text, const NumberSyntax& syntax) {
  if (parse_boolean(text)) return Kind::boolean;
  if (parse_integer(text, syntax)) return Kind::integer;
  std::string plain;
  switch (take_apart(text, syntax, plain)) {
    case Form::none:
      return Kind::text;
    case Form::integer:
      return significant_digits(plain) <= kMostDecimalDigits ? Kind::big_integer : Kind::text;
    case Form::real:
    case Form::infinity:
      return Kind::real;
  }
  return Kind::text;
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  if (text.size() == 4 && equals_in_lower(text, "true")) return true;
  if (text.size() == 5 && equals_in_lower(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text, const NumberSyntax& syntax) {
  std::string plain;
  if (take_apart(text, syntax, plain) != Form::integer) return std::nullopt;
  std::int64_t value = 0;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text, const NumberSyntax& syntax) {
  std::string plain;
  const Form form = take_apart(text, syntax, plain);
  if (form == Form::none) return std::nullopt;
  const double sign = plain.starts_with('-') ? -1 : 1;
  if (form == Form::infinity) return sign * std::numeric_limits<double>::infinity();
  double value = 0;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (result.ec == std::errc()) return value;
  return sign * (is_large(plain) ? std::numeric_limits<double>::infinity() : 0.0);
}

std::optional<std::string> plain_number(std::string_view text, const NumberSyntax& syntax) {
  std::string plain;
  const Form form = take_apart(text, syntax, plain);
  if (form == Form::none) return std::nullopt;
  if (form == Form::infinity) plain += "Infinity";
  return plain;
}

}  // namespace vdk::csv
