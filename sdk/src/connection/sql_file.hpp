// SQL step files: database headers and query text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connection/substitution.hpp"
#include "vdk/base/error.hpp"
#include "vdk/connection/sql_text.hpp"

namespace vdk {

struct SqlFile {
  std::vector<std::string> databases;  // from the header lines "[name]", unsubstituted, in order
  std::string query;                   // everything else
  std::vector<std::size_t> lines;      // the number in the file of each line of the query, from 1
};

// Splits headers from query (specification: sdk 2.3). A byte-order mark is dropped; line ends
// become "\n". A header is a whole line that holds nothing but a name in brackets: an array literal
// or "[column] INT," stays query text.
[[nodiscard]] SqlFile parse_sql_file(std::string_view text);

struct SqlLine {
  std::size_t number;  // in the file, from 1
  std::string text;    // as the file has it
};

// The line of the file that a place in executed text comes from; of a statement's beginning, that
// of its first code. The executed text is the query with these parameters in it, between whatever
// hooks added; nothing where they changed more than that.
[[nodiscard]] std::optional<SqlLine> line_of(const SqlFile& file,
                                             std::span<const Parameter> parameters,
                                             const TextPlace& executed);

}  // namespace vdk
