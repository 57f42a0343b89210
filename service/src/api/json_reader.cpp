#include "api/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "api/errors.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::service {

namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has_impossible_number(const Value& value) {
  if (const auto* real = value.if_real()) return !std::isfinite(*real);
  if (const auto* list = value.if_list()) {
    return std::ranges::any_of(*list, has_impossible_number);
  }
  if (const auto* map = value.if_map()) {
    return std::ranges::any_of(*map,
                               [](const Member& m) { return has_impossible_number(m.value); });
  }
  return false;
}

}  // namespace

Value parse_body(const std::string& body) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw bad_json("The request has no body.");
  }
  if (find_invalid_utf8(body)) throw bad_json("The body is not UTF-8 text.");
  Value value;
  try {
    value = parse_json(body);
  } catch (const Error& error) {
    throw bad_json(error.text().why.empty() ? error.text().what : error.text().why);
  }
  if (value.is_null()) throw bad_json("The body is null.");
  if (has_impossible_number(value)) {
    throw bad_json("It has a number that JSON does not know, or that is too large.");
  }
  return value;
}

JsonReader::JsonReader(const Value& value, std::string where)
    : value_(&value), where_(std::move(where)) {
  if (value.if_map() == nullptr) {
    throw bad_json(where_.empty() ? "The body has to be a JSON object."
                                  : fmt::format("'{}' has to be a JSON object.", where_));
  }
}

const Value* JsonReader::find(std::string_view name) const {
  const auto* found = value_->find(name);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

bool JsonReader::has(std::string_view name) const { return find(name) != nullptr; }

bool JsonReader::is_null(std::string_view name) const {
  const auto* found = value_->find(name);
  return found != nullptr && found->is_null();
}

void JsonReader::refuse(std::string_view name, std::string_view expected) const {
  throw bad_json(
      fmt::format("'{}{}{}' has to be {}.", where_, where_.empty() ? "" : ".", name, expected));
}

std::string JsonReader::checked(std::string text, std::string_view name) const {
  // What no store of text can hold.
  if (text.find('\0') != std::string::npos || find_invalid_utf8(text)) {
    refuse(name, "text without zero bytes and lone surrogates");
  }
  return text;
}

std::optional<std::string> JsonReader::text(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (const auto* text = found->if_string()) return checked(*text, name);
  if (found->if_list() != nullptr || found->if_map() != nullptr) refuse(name, "a string");
  return to_json(*found);
}

std::optional<bool> JsonReader::flag(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (const auto* flag = found->if_bool()) return *flag;
  if (const auto* number = found->if_integer()) return *number != 0;
  const auto* text = found->if_string();
  if (text != nullptr && (*text == "true" || *text == "True" || *text == "TRUE")) return true;
  if (text != nullptr && (*text == "false" || *text == "False" || *text == "FALSE")) return false;
  refuse(name, "true or false");
}

std::optional<double> JsonReader::real(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (const auto* number = found->if_real()) return *number;
  if (const auto* number = found->if_integer()) return static_cast<double>(*number);
  if (const auto* text = found->if_string()) {
    if (const auto number = parse_number<double>(*text); number && std::isfinite(*number)) {
      return number;
    }
  }
  refuse(name, "a number");
}

std::optional<std::int64_t> JsonReader::integer(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  const auto number = real(name);
  if (*number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max()) {
    refuse(name, "an integer of 32 bits");
  }
  return static_cast<std::int64_t>(*number);
}

const Value* JsonReader::map(std::string_view name) const {
  const auto* found = find(name);
  if (found != nullptr && found->if_map() == nullptr) refuse(name, "a JSON object");
  return found;
}

std::optional<JsonReader> JsonReader::object(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  return JsonReader(*found,
                    where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name));
}

std::vector<std::string> JsonReader::texts(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return {};
  const auto* list = found->if_list();
  if (list == nullptr) refuse(name, "a list of strings");
  std::vector<std::string> texts;
  for (const auto& item : *list) {
    if (item.if_list() != nullptr || item.if_map() != nullptr) refuse(name, "a list of strings");
    const auto* text = item.if_string();
    texts.push_back(text != nullptr ? checked(*text, name) : to_json(item));
  }
  return texts;
}

}  // namespace vdk::service
