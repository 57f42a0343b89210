// Texts as SQL literals.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "vdk/connection/driver.hpp"

namespace vdk {

// Why a text has no literal, and what to do instead; both are whole sentences.
struct NoLiteral {
  std::string_view why;
  std::string_view countermeasure;
};

// 'it''s', safe in an engine of that style: no engine ends a statement or a string within it.
[[nodiscard]] std::expected<std::string, NoLiteral> text_literal(std::string_view text,
                                                                 LiteralStyle style);

// A negative number is put in parentheses: after a minus it would begin a comment.
[[nodiscard]] std::string number_literal(std::string_view digits);

}  // namespace vdk
