#include "config/convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace {

constexpr std::string_view kBooleans = "true, false, yes, no, y, n, 1 or 0";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Trims, and removes single underscores between digits; nothing where underscores stand elsewhere.
std::optional<std::string> digits_of(std::string_view text) {
  text = trim(text);
  std::string digits;
  digits.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return digits;
}

std::optional<Value> integer_of(const Value& value) {
  if (value.if_integer() || value.if_big_integer()) {
    return value;
  }
  if (const bool* truth = value.if_bool()) {
    return Value{*truth ? 1 : 0};
  }
  if (const std::string* text = value.if_string()) {
    return to_integer(*text);
  }
  if (const double* real = value.if_real()) {
    // The range within which every double has an int64_t.
    if (*real >= -0x1p63 && *real < 0x1p63) {
      return Value{static_cast<std::int64_t>(*real)};
    }
  }
  return std::nullopt;
}

std::optional<Value> real_of(const Value& value) {
  if (value.if_real()) {
    return value;
  }
  if (const std::int64_t* integer = value.if_integer()) {
    return Value{static_cast<double>(*integer)};
  }
  if (const bool* truth = value.if_bool()) {
    return Value{*truth ? 1.0 : 0.0};
  }
  std::optional<double> real;
  if (const std::string* text = value.if_string()) {
    real = to_real(*text);
  }
  if (const Value::BigInteger* big = value.if_big_integer()) {
    real = to_real(big->digits);
  }
  if (!real) {
    return std::nullopt;
  }
  return Value{*real};
}

std::optional<Value> parsed(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Value> list_of(const Value& value) {
  if (value.if_list()) {
    return value;
  }
  const std::string* text = value.if_string();
  if (!text) {
    return std::nullopt;
  }
  if (std::optional<Value> json = parsed(*text); json && json->if_list()) {
    return json;
  }
  Value::List list;
  for (std::string& part : split_list(*text)) {
    list.emplace_back(std::move(part));
  }
  return Value{std::move(list)};
}

std::optional<Value> map_of(const Value& value) {
  if (value.if_map()) {
    return value;
  }
  const std::string* text = value.if_string();
  if (!text) {
    return std::nullopt;
  }
  std::optional<Value> json = parsed(*text);
  return json && json->if_map() ? json : std::nullopt;
}

struct Conversion {
  std::optional<Value> value;
  std::string_view type;
  std::string_view accepted;
};

Conversion convert_to_type_of(const Value& type, const Value& value) {
  if (type.if_string()) {
    return {value.if_string() ? value : Value{to_python_text(value)}, {}, {}};
  }
  if (type.if_bool()) {
    if (value.if_bool()) {
      return {value, {}, {}};
    }
    const std::optional<bool> truth = to_bool(to_python_text(value));
    return {truth ? std::optional<Value>{*truth} : std::nullopt, "a boolean", kBooleans};
  }
  if (type.if_integer() || type.if_big_integer()) {
    return {integer_of(value), "an integer", "a whole number such as 10"};
  }
  if (type.if_real()) {
    return {real_of(value), "a number", "a number such as 0.5"};
  }
  if (type.if_list()) {
    return {list_of(value), "a list", R"(names separated by commas, or JSON such as ["a", "b"])"};
  }
  return {map_of(value), "a JSON object", R"(JSON such as {"key": "value"})"};
}

}  // namespace

std::string describe(const Origin& origin) {
  switch (origin.kind) {
    case OriginKind::default_value:
      return "default";
    case OriginKind::config_ini:
      return origin.where.empty() ? "config.ini" : origin.where;
    case OriginKind::plugin:
      return origin.where.empty() ? "a plugin" : fmt::format("plugin {}", origin.where);
    case OriginKind::environment:
      return fmt::format("environment variable {}", origin.where);
    case OriginKind::command_line:
      return "option -c";
    case OriginKind::secret:
      return fmt::format("secret {}", origin.where);
  }
  return origin.where;
}

void append_variable_name(std::string& name, std::string_view key) {
  for (const char c : key) {
    if (c == '.' || c == '-') {
      name += '_';
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
}

std::string variable_name(std::string_view key, std::string_view section) {
  std::string name = "VDK_";
  if (section != kMainSection) {
    append_variable_name(name, section);
    name += '_';
  }
  append_variable_name(name, key);
  return name;
}

std::optional<bool> to_bool(std::string_view text) {
  constexpr std::size_t kLongest = 5;
  if (text.empty() || text.size() > kLongest) {
    return std::nullopt;
  }
  const std::string name = lower(text);
  for (const std::string_view yes : {"true", "1", "yes", "y"}) {
    if (name == yes) {
      return true;
    }
  }
  for (const std::string_view no : {"false", "0", "no", "n"}) {
    if (name == no) {
      return false;
    }
  }
  return std::nullopt;
}

std::optional<Value> to_integer(std::string_view text) {
  const std::optional<std::string> spelled = digits_of(text);
  if (!spelled || spelled->empty()) {
    return std::nullopt;
  }
  const bool signed_text = spelled->front() == '-' || spelled->front() == '+';
  const bool negative = spelled->front() == '-';
  std::string_view digits = std::string_view(*spelled).substr(signed_text ? 1 : 0);
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) {
    return std::nullopt;
  }
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));

  std::string plain = negative && digits != "0" ? "-" : "";
  plain += digits;
  std::int64_t integer = 0;
  const auto [end, failure] = std::from_chars(plain.data(), plain.data() + plain.size(), integer);
  if (failure == std::errc::result_out_of_range) {
    return Value{Value::BigInteger{std::move(plain)}};
  }
  return Value{integer};
}

std::optional<double> to_real(std::string_view text) {
  const std::optional<std::string> spelled = digits_of(text);
  if (!spelled || spelled->empty()) {
    return std::nullopt;
  }
  const bool negative = spelled->front() == '-';
  const bool has_sign = negative || spelled->front() == '+';
  const std::string number = lower(std::string_view(*spelled).substr(has_sign ? 1 : 0));
  double real = 0;
  if (number == "inf" || number == "infinity") {
    real = HUGE_VAL;
  } else if (number == "nan") {
    real = std::nan("");
  } else {
    // from_chars knows more words, and a sign of its own.
    if (number.find_first_not_of("0123456789.e+-") != std::string::npos ||
        number.starts_with('-')) {
      return std::nullopt;
    }
    const char* const last = number.c_str() + number.size();
    const auto [end, failure] = std::from_chars(number.c_str(), last, real);
    if (end != last || failure == std::errc::invalid_argument) {
      return std::nullopt;
    }
    // Too large is infinite, too small is zero, as in Python.
    if (failure == std::errc::result_out_of_range) {
      real = std::strtod(number.c_str(), nullptr);
    }
  }
  return negative ? -real : real;
}

bool names_a_secret(std::string_view key) noexcept {
  static constexpr std::array<std::string_view, 11> kWords = {
      "password", "passwd",      "passphrase", "secret",           "token", "credential", "api_key",
      "apikey",   "private_key", "access_key", "connection_string"};
  return std::ranges::any_of(
      kWords, [key](std::string_view word) { return key.find(word) != std::string_view::npos; });
}

Value convert(const Option& option, Value value, const Origin& origin) {
  if (value.is_null() || option.default_value.is_null()) {
    return value;
  }
  if (option.default_value.if_string() && value.if_string()) {
    return value;
  }
  Conversion conversion = convert_to_type_of(option.default_value, value);
  if (conversion.value) {
    return std::move(*conversion.value);
  }

  const bool hidden = option.sensitive || names_a_secret(option.key);
  const std::string shown = hidden ? "***" : to_python_text(value);
  const std::string name = option.section == kMainSection
                               ? option.key
                               : fmt::format("{}.{}", option.section, option.key);
  const bool empty_variable = shown.empty() && origin.kind == OriginKind::environment;
  throw configuration_error({
      .what = fmt::format("The value '{}' of the configuration option {} is not {}.", shown, name,
                          conversion.type),
      .why = fmt::format("It was set by {}.", describe(origin)),
      .consequence = "The configuration cannot be completed, so nothing was run.",
      .countermeasure =
          empty_variable
              ? fmt::format("Unset the variable (an empty one counts as a value), or use {}.",
                            conversion.accepted)
              : fmt::format("Use {}.", conversion.accepted),
  });
}

}  // namespace vdk
