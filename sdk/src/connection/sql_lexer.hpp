// The lexical level of SQL that the supported engines share: enough to know what is code, what is
// quoted and what is a comment. Never throws; any bytes are accepted.
#pragma once

#include <cstddef>
#include <string_view>

#include "vdk/connection/sql_text.hpp"

namespace vdk {

enum class SqlTokenKind { space, comment, quoted, word, semicolon, other };

struct SqlToken {
  SqlTokenKind kind;
  std::size_t begin;
  std::size_t end;
};

// The token that begins at `begin`, which must be inside the text. An unterminated quote or comment
// reaches to the end of the text.
[[nodiscard]] SqlToken next_sql_token(std::string_view sql, std::size_t begin,
                                      SqlDialect dialect) noexcept;

}  // namespace vdk
