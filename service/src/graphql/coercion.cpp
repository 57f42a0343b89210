#include "graphql/coercion.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "vdk/base/utf8.hpp"

namespace vdk::service::graphql {

namespace {

using InputKind = InputType::Kind;
using LiteralKind = Literal::Kind;

template <typename Number>
Number number(const std::string& text, const InputType& type) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Unfit(fmt::format("'{}' is no '{}'.", text, type.name));
  }
  return number;
}

Value integer(std::int64_t value) {
  using Limits = std::numeric_limits<std::int32_t>;
  if (value < Limits::min() || value > Limits::max()) {
    throw Unfit(fmt::format("{} is no integer of 32 bits.", value));
  }
  return value;
}

// What no store of text can hold is not looked for in one.
Value string(std::string text) {
  if (text.find('\0') != std::string::npos || find_invalid_utf8(text)) {
    throw Unfit("a string has no zero bytes and no halves of characters.");
  }
  return text;
}

Value word(const std::string& text, const InputType& type) {
  if (std::ranges::find(type.words, text) == type.words.end()) {
    throw Unfit(fmt::format("'{}' is no value of '{}'.", text, type.name));
  }
  return text;
}

const InputType& member_type(const InputType& type, std::string_view name) {
  const auto found = std::ranges::find(type.members, name, &InputType::Member::name);
  if (found == type.members.end()) {
    throw Unfit(fmt::format("'{}' has no member '{}'.", type.name, name));
  }
  return *found->type;
}

[[noreturn]] void refuse(const InputType& type) {
  throw Unfit(fmt::format("it is no '{}'.", type.name));
}

Value scalar(const Literal& literal, const InputType& type) {
  const auto kind = literal.kind;
  switch (type.kind) {
    case InputKind::integer:
      if (kind == LiteralKind::integer) return integer(number<std::int64_t>(literal.text, type));
      break;
    case InputKind::real:
      if (kind == LiteralKind::integer || kind == LiteralKind::real) {
        return number<double>(literal.text, type);
      }
      break;
    case InputKind::string:
      if (kind == LiteralKind::string) return string(literal.text);
      break;
    case InputKind::boolean:
      if (kind == LiteralKind::boolean) return literal.text == "true";
      break;
    case InputKind::enumeration:
      if (kind == LiteralKind::enumeration) return word(literal.text, type);
      break;
    case InputKind::object:
    case InputKind::list:
      break;
  }
  refuse(type);
}

Value scalar(const Value& json, const InputType& type) {
  const auto* text = json.if_string();
  switch (type.kind) {
    case InputKind::integer:
      if (const auto* value = json.if_integer()) return integer(*value);
      break;
    case InputKind::real:
      if (const auto* value = json.if_integer()) return static_cast<double>(*value);
      if (const auto* value = json.if_real(); value != nullptr && std::isfinite(*value))
        return json;
      break;
    case InputKind::string:
      if (text != nullptr) return string(*text);
      break;
    case InputKind::boolean:
      if (json.if_bool() != nullptr) return json;
      break;
    case InputKind::enumeration:
      if (text != nullptr) return word(*text, type);
      break;
    case InputKind::object:
    case InputKind::list:
      break;
  }
  refuse(type);
}

}  // namespace

std::optional<Value> coerce(const Literal& literal, const InputType& type,
                            const Variables& variables) {
  if (literal.kind == LiteralKind::variable) {
    const auto value = variables(literal);
    if (!value) return std::nullopt;
    return coerce(*value, type);
  }
  if (literal.kind == LiteralKind::null) return Value(nullptr);
  if (type.kind == InputKind::list) {
    Value::List values;
    if (literal.kind != LiteralKind::list) {
      values.push_back(coerce(literal, *type.item, variables).value_or(nullptr));
      return Value(std::move(values));
    }
    for (const auto& item : literal.items) {
      values.push_back(coerce(item, *type.item, variables).value_or(nullptr));
    }
    return Value(std::move(values));
  }
  if (type.kind != InputKind::object) return scalar(literal, type);
  if (literal.kind != LiteralKind::object) refuse(type);
  Value map(Value::Map{});
  for (const auto& item : literal.items) {
    if (map.find(item.name) != nullptr) throw Unfit(fmt::format("'{}' is there twice.", item.name));
    auto value = coerce(item, member_type(type, item.name), variables);
    if (value) map.set(item.name, std::move(*value));
  }
  return map;
}

Value coerce(const Value& json, const InputType& type) {
  if (json.is_null()) return nullptr;
  if (type.kind == InputKind::list) {
    Value::List values;
    const auto* list = json.if_list();
    if (list == nullptr) return Value::List{coerce(json, *type.item)};
    for (const auto& item : *list) values.push_back(coerce(item, *type.item));
    return values;
  }
  if (type.kind != InputKind::object) return scalar(json, type);
  const auto* members = json.if_map();
  if (members == nullptr) refuse(type);
  Value map(Value::Map{});
  for (const auto& [name, value] : *members) map.set(name, coerce(value, member_type(type, name)));
  return map;
}

}  // namespace vdk::service::graphql
