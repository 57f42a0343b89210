// One query outside a run, printed.
#pragma once

#include <string>

#include "cli/program.hpp"

namespace vdk {

enum class QueryOutput { table, json, ascii_json, csv };

// Runs the text on the database ("" = default) with the configuration of the current directory's
// config.ini, and prints the rows.
int print_query(Program& program, const std::string& sql, const std::string& database,
                QueryOutput output);

}  // namespace vdk
