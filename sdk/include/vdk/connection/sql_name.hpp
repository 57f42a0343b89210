// Names of tables, schemas and columns, as SQL reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/connection/sql_text.hpp"

namespace vdk {

// A to Z become a to z; nothing else changes, as engines fold names.
[[nodiscard]] VDK_API std::string lower_name(std::string_view name);

// Whether the name needs no quotes but for its case or because it is a reserved word: a letter, an
// underscore or what is not ASCII, then digits and $ too.
[[nodiscard]] VDK_API bool is_plain_name(std::string_view name) noexcept;

struct SqlName {
  std::string text;  // without its quotes
  bool quoted = false;
};

// The parts of a name that reads as SQL: at most so many, plain or quoted, between dots. Empty
// where the text is anything else. Quotes are "…", in SQLite `…` and […] as well.
[[nodiscard]] VDK_API std::vector<SqlName> parse_name(std::string_view text, std::size_t most_parts,
                                                      SqlDialect dialect);

}  // namespace vdk
