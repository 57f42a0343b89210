// SQL text and its statements.
#pragma once

#include <cstddef>
#include <string>
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

// Where code begins at or after `from`, behind blanks, comments and semicolons; the text's size
// where there is none.
[[nodiscard]] VDK_API std::size_t next_code(std::string_view sql, std::size_t from,
                                            SqlDialect dialect = SqlDialect::sqlite) noexcept;

// For messages about a statement that failed: the line at a byte offset with a mark under the
// place, or, where no place is known, the beginning of the text.
[[nodiscard]] VDK_API std::string excerpt_at(std::string_view sql, std::size_t offset);
[[nodiscard]] VDK_API std::string beginning_of(std::string_view sql);

}  // namespace vdk
