#include "connection/substitution.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "connection/literal.hpp"
#include "connection/sql_lexer.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

constexpr std::string_view kQuotingSuffix = "!sql}";

[[noreturn]] void throw_no_literal(std::string_view key, std::string_view why,
                                   std::string_view countermeasure) {
  throw user_error({.what = fmt::format("Parameter '{}' cannot be written as a SQL literal.", key),
                    .why = std::string(why),
                    .consequence = "The statement was not sent.",
                    .countermeasure = std::string(countermeasure)});
}

std::string string_literal(std::string_view key, std::string_view text, LiteralStyle style) {
  auto literal = text_literal(text, style);
  if (!literal) {
    throw_no_literal(key, literal.error().why, literal.error().countermeasure);
  }
  return *std::move(literal);
}

std::string scalar_literal(std::string_view key, const Value& value, LiteralStyle style) {
  if (value.is_null()) {
    return "NULL";
  }
  if (const bool* boolean = value.if_bool()) {
    return *boolean ? "TRUE" : "FALSE";
  }
  if (const double* real = value.if_real(); real && !std::isfinite(*real)) {
    throw_no_literal(key, "It is not a finite number, for which SQL has no literal.",
                     "Write the engine's own expression, such as CAST('NaN' AS DOUBLE).");
  }
  if (value.if_integer() || value.if_real() || value.if_big_integer()) {
    return number_literal(to_python_text(value));
  }
  if (const std::string* text = value.if_string()) {
    return string_literal(key, *text, style);
  }
  return string_literal(key, to_json(value), style);
}

std::string sql_literal(const Parameter& parameter, LiteralStyle style) {
  if (!parameter.value) {
    return string_literal(parameter.key, parameter.text, style);
  }
  const Value::List* list = parameter.value->if_list();
  if (!list) {
    return scalar_literal(parameter.key, *parameter.value, style);
  }
  if (list->empty()) {
    throw_no_literal(parameter.key, "It is an empty list, and an empty list of values is no SQL.",
                     "Check in a Python step that there is something to ask for.");
  }
  std::string literal;
  for (const Value& element : *list) {
    if (!literal.empty()) {
      literal += ", ";
    }
    literal += scalar_literal(parameter.key, element, style);
  }
  return literal;
}

// The parameter that `{key!sql}` at this place names, or null.
const Parameter* named_at(std::string_view text, std::size_t brace,
                          std::span<const Parameter> parameters) {
  const auto suffix = text.find(kQuotingSuffix, brace);
  if (suffix == std::string_view::npos) {
    return nullptr;
  }
  const auto key = text.substr(brace + 1, suffix - brace - 1);
  const auto whole = text.substr(brace + 1, suffix + kQuotingSuffix.size() - brace - 2);
  const Parameter* found = nullptr;
  for (const Parameter& parameter : parameters) {
    if (parameter.key == whole) {
      return nullptr;  // somebody's key is spelled "x!sql"
    }
    if (parameter.key == key) {
      found = &parameter;
    }
  }
  return found;
}

std::string replace_plain(std::string_view text, std::span<const Parameter> parameters) {
  std::string result(text);
  for (const Parameter& parameter : parameters) {
    if (result.find('{') == std::string::npos) {
      break;
    }
    result = replace_all(result, fmt::format("{{{}}}", parameter.key), parameter.text);
  }
  return result;
}

}  // namespace

std::string substitute(std::string_view sql, std::span<const Parameter> parameters,
                       LiteralStyle style) {
  std::string text = dedent(sql);
  const auto first = text.find_first_not_of('\n');
  const auto last = text.find_last_not_of('\n');
  text = first == std::string::npos ? "\n" : text.substr(first, last + 1 - first) + '\n';
  if (text.find(kQuotingSuffix) == std::string::npos) {
    return replace_plain(text, parameters);
  }

  std::string result;
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < text.size();) {
    const SqlToken token = next_sql_token(text, i, SqlDialect::postgres);
    i = token.end;
    if (text[token.begin] != '{' || (token.begin > 0 && text[token.begin - 1] == '{')) {
      continue;
    }
    const Parameter* parameter = named_at(text, token.begin, parameters);
    if (!parameter) {
      continue;
    }
    result += replace_plain(std::string_view(text).substr(plain_from, token.begin - plain_from),
                            parameters);
    result += sql_literal(*parameter, style);
    i = token.begin + 1 + parameter->key.size() + kQuotingSuffix.size();
    plain_from = i;
  }
  return result += replace_plain(std::string_view(text).substr(plain_from), parameters);
}

}  // namespace vdk
