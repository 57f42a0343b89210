// SQL step files: database headers and query text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vdk/connection/sql_text.hpp"

namespace vdk {

struct SqlFile {
  std::vector<std::string> databases;  // from the header lines "[name]", unsubstituted, in order
  std::string query;                   // everything else
};

// Splits headers from query (specification: sdk 2.3). A byte-order mark is dropped; line ends
// become "\n". A header is a whole line that holds nothing but a name in brackets: an array literal
// or "[column] INT," stays query text.
[[nodiscard]] SqlFile parse_sql_file(std::string_view text);

}  // namespace vdk
