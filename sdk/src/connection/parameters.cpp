#include "connection/parameters.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "connection/sql_lexer.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

[[noreturn]] void throw_mismatch(std::string why) {
  throw user_error({.what = "Placeholders and parameters of the statement do not match.",
                    .why = std::move(why),
                    .consequence = "The statement was not sent.",
                    .countermeasure = "Give one value for each placeholder."});
}

[[noreturn]] void throw_quoted(std::string_view placeholder) {
  throw user_error(
      {.what = fmt::format("The placeholder {} stands inside quotes.", placeholder),
       .why = "There it is text, and no value takes its place.",
       .consequence = "The statement was not sent.",
       .countermeasure =
           "Take the quotes away: a value brings its own. Write %% for a percent sign."});
}

struct Placeholder {
  std::size_t size = 0;  // 0: none
  std::string_view name{};
};

// Whether the text goes on with a word: `a %size` takes a remainder.
bool is_word(std::string_view text) {
  return !text.empty() && next_sql_token(text, 0, SqlDialect::postgres).kind == SqlTokenKind::word;
}

// The placeholder that begins with the percent sign at `begin`.
Placeholder percent_placeholder(std::string_view sql, std::size_t begin) {
  const std::string_view rest = sql.substr(begin);
  if (rest.starts_with("%s")) return is_word(rest.substr(2)) ? Placeholder{} : Placeholder{2, {}};
  if (!rest.starts_with("%(")) return {};
  const auto close = rest.find(")s");
  if (close == std::string_view::npos) return {};
  return {close + 2, rest.substr(2, close - 2)};
}

bool has_percent_s(std::string_view sql) {
  for (std::size_t i = 0; i < sql.size();) {
    const SqlToken token = next_sql_token(sql, i, SqlDialect::postgres);
    if (token.kind == SqlTokenKind::other && percent_placeholder(sql, i).size == 2) return true;
    i = token.end;
  }
  return false;
}

// Quoted text where %% stands for a percent sign.
void append_quoted(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.substr(i).starts_with("%%")) {
        ++i;
      } else if (const Placeholder found = percent_placeholder(text, i); found.size > 0) {
        throw_quoted(text.substr(i, found.size));
      }
    }
    out += text[i];
  }
}

// `value_of` gives the text for a placeholder.
template <class ValueOf>
std::string bind_percent(std::string_view sql, ValueOf&& value_of) {
  std::string bound;
  for (std::size_t i = 0; i < sql.size();) {
    const SqlToken token = next_sql_token(sql, i, SqlDialect::postgres);
    const std::string_view text = sql.substr(token.begin, token.end - token.begin);
    i = token.end;
    if (token.kind == SqlTokenKind::quoted) {
      append_quoted(bound, text);
    } else if (text == "%") {
      const Placeholder found = percent_placeholder(sql, token.begin);
      if (found.size > 0) {
        bound += value_of(found);
        i = token.begin + found.size;
      } else {
        bound += '%';
        if (sql.substr(i).starts_with('%')) ++i;
      }
    } else {
      bound += text;
    }
  }
  return bound;
}

}  // namespace

std::string bind_parameters(std::string_view sql, std::span<const SqlParameter> values,
                            const DriverConnection& driver) {
  std::size_t used = 0;
  const auto next = [&] {
    const std::size_t i = used++;
    return i < values.size() ? driver.literal(values[i]) : std::string();
  };
  std::string bound;
  if (has_percent_s(sql)) {
    bound = bind_percent(sql, [&](const Placeholder& found) {
      if (!found.name.empty()) throw_mismatch("Placeholders with and without a name are mixed.");
      return next();
    });
  } else {
    for (std::size_t i = 0; i < sql.size();) {
      const SqlToken token = next_sql_token(sql, i, SqlDialect::postgres);
      const std::string_view text = sql.substr(token.begin, token.end - token.begin);
      bound += text == "?" ? next() : std::string(text);
      i = token.end;
    }
  }
  if (used != values.size()) {
    throw_mismatch(
        fmt::format("The statement has {} placeholders, but {} values were given; a placeholder "
                    "is %s or ?.",
                    used, values.size()));
  }
  return bound;
}

std::string bind_parameters(std::string_view sql,
                            const std::map<std::string, SqlParameter, std::less<>>& values,
                            const DriverConnection& driver) {
  return bind_percent(sql, [&](const Placeholder& found) {
    if (found.name.empty())
      throw_mismatch("Values with names were given for placeholders without.");
    const auto value = values.find(found.name);
    if (value == values.end()) {
      throw_mismatch(fmt::format("There is no value for %({})s.", found.name));
    }
    return driver.literal(value->second);
  });
}

}  // namespace vdk
