// Names as PostgreSQL reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/connection/sql_name.hpp"

namespace vdk::postgres {

// The server keeps no more bytes of a name; what is longer it cuts.
inline constexpr std::size_t kLongestName = 63;
[[nodiscard]] std::string cut_name(std::string_view name);

// Only ASCII letters fold: so does a server whose characters have several bytes.
[[nodiscard]] std::string fold_name(std::string_view name);

// The parts of a name with dots as SQL text has it, folded where they are not quoted, and cut. The
// whole text as one name where SQL cannot say it without quotes.
[[nodiscard]] std::vector<std::string> parse_table_name(std::string_view text);

// The name that the column of a payload's key has: a plain one is folded. Names that every table
// has for itself (ctid) get a _ behind them.
[[nodiscard]] std::string column_name(std::string_view key);

// Where a COPY failed: the row, counted from 1, and the column if the server names it. `context` is
// the server's, in its language.
struct CopyPlace {
  std::size_t row = 0;
  std::string column{};
};
[[nodiscard]] std::optional<CopyPlace> copy_place(std::string_view context, std::string_view table);

}  // namespace vdk::postgres
