// Substitution never crashes, changes only what it must, and a quoted value stays one literal.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "connection/sql_lexer.hpp"
#include "connection/substitution.hpp"
#include "vdk/base/error.hpp"

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

// The literal in front and behind of a neutral statement must lex as exactly one quoted token.
void check_literal(const std::string& value, vdk::LiteralStyle style) {
  const std::vector<vdk::Parameter> parameters{{"k", value, vdk::Value(value)}};
  std::string text;
  try {
    text = vdk::substitute("{k!sql}", parameters, style);
  } catch (const vdk::Error&) {
    return;  // refused
  }
  if (style == vdk::LiteralStyle::backslash) {
    text.insert(0, "E");  // the lexer's name for such strings
    if (value.find('\'') != std::string::npos) {
      return;
    }
  }
  const auto token = vdk::next_sql_token(text, 0, vdk::SqlDialect::postgres);
  require(token.kind == vdk::SqlTokenKind::quoted && token.end + 1 == text.size());
}

}  // namespace

// The input up to the first zero byte is the statement, the rest a value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto cut = input.find('\0');
  const std::string sql(input.substr(0, cut));
  const std::string value(cut == std::string_view::npos ? "" : input.substr(cut + 1));

  const std::string nothing = vdk::substitute(sql, {});
  require(!nothing.empty() && nothing.back() == '\n');
  require(vdk::substitute(nothing, {}) == nothing);

  const std::vector<vdk::Parameter> parameters{{"a", value, vdk::Value(value)},
                                               {"b", "{a!sql}", {}}};
  if (nothing.find("!sql}") == std::string::npos) {
    const std::string expected =
        vdk::replace_all(vdk::replace_all(nothing, "{a}", value), "{b}", "{a!sql}");
    require(vdk::substitute(sql, parameters) == expected);
  } else {
    try {
      (void)vdk::substitute(sql, parameters, vdk::LiteralStyle::standard);
    } catch (const vdk::Error&) {
      require(value.find('\0') != std::string::npos);
    }
  }
  check_literal(value, vdk::LiteralStyle::standard);
  check_literal(value, vdk::LiteralStyle::unknown);
  check_literal(value, vdk::LiteralStyle::backslash);
  return 0;
}
