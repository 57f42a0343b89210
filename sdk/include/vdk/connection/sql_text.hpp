// SQL text and its statements.
#pragma once

#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

// Where engines differ lexically. `postgres` is also DuckDB's: comments nest and E'…' knows
// backslashes, `[` is an operator; in `sqlite` comments do not nest and […] is a quoted identifier.
enum class SqlDialect { sqlite, postgres };

// The statements of a script, without their semicolons, in order, blank and comment-only ones left
// out. Semicolons in strings, quoted identifiers, dollar quotes, comments, bodies of triggers (up
// to `; END`) and BEGIN ATOMIC … END bodies of routines do not split; BEGIN TRANSACTION is a
// statement. The pieces are views of the script.
[[nodiscard]] VDK_API std::vector<std::string_view> split_statements(
    std::string_view script, SqlDialect dialect = SqlDialect::sqlite);

}  // namespace vdk
