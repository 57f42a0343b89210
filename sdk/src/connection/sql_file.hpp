// SQL step files: database headers and statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vdk {

struct SqlFile {
  std::vector<std::string> databases;  // from the header lines "[name]", unsubstituted, in order
  std::string query;                   // everything else
};

// Splits headers from query (specification: sdk 2.3). A byte-order mark is dropped.
[[nodiscard]] SqlFile parse_sql_file(std::string_view text);

// The statements of a script, without their semicolons, in order, blank and comment-only ones left out. Semicolons in
// strings, quoted identifiers, dollar quotes, comments and BEGIN … END bodies of triggers do not split.
[[nodiscard]] std::vector<std::string_view> split_statements(std::string_view script);

}  // namespace vdk
