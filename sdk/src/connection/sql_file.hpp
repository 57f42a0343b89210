// SQL step files: database headers and statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connection/sql_lexer.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

struct SqlFile {
  std::vector<std::string> databases;  // from the header lines "[name]", unsubstituted, in order
  std::string query;                   // everything else
};

// Splits headers from query (specification: sdk 2.3). A byte-order mark is dropped; line ends become "\n". A header
// is a whole line that holds nothing but a name in brackets: an array literal or "[column] INT," stays query text.
[[nodiscard]] SqlFile parse_sql_file(std::string_view text);

// The statements of a script, without their semicolons, in order, blank and comment-only ones left out. Semicolons in
// strings, quoted identifiers, dollar quotes, comments, bodies of triggers (up to `; END`) and BEGIN ATOMIC … END
// bodies of routines do not split; BEGIN TRANSACTION is a statement. The pieces are views of the script.
[[nodiscard]] VDK_API std::vector<std::string_view> split_statements(std::string_view script,
                                                                     SqlDialect dialect = SqlDialect::sqlite);

}  // namespace vdk
