#include "connection/literal.hpp"

namespace vdk {

std::expected<std::string, NoLiteral> text_literal(std::string_view text, LiteralStyle style) {
  std::string literal = "'";
  literal.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == '\0') {
      return std::unexpected(
          NoLiteral{"Its text holds a NUL byte, at which engines end a statement.",
                    "Remove the byte, or bind the value as a parameter of the driver."});
    }
    if (c == '\\' && style == LiteralStyle::unknown) {
      return std::unexpected(
          NoLiteral{"Its text holds a backslash, which engines read differently.",
                    "Bind the value as a parameter of the driver."});
    }
    if (style == LiteralStyle::backslash && (c == '\\' || c == '\'')) {
      literal += '\\';
    } else if (c == '\'') {
      literal += '\'';
    }
    literal += c;
  }
  literal += '\'';
  return literal;
}

std::string number_literal(std::string_view digits) {
  return digits.starts_with('-') ? '(' + std::string(digits) + ')' : std::string(digits);
}

}  // namespace vdk
