// One query outside a run, printed.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"
#include "job/job_context.hpp"

namespace vdk {

enum class QueryOutput { table, json, ascii_json, csv, arrow };

struct Query {
  std::string sql;
  std::string database{};  // "" = default
  Substitution substitution = Substitution::parameters;
  QueryOutput output = QueryOutput::table;
  TableStyle style = TableStyle::exact;
  bool headers = true;  // of a table
};

// Runs the text with the configuration of the current directory's config.ini, and prints the rows
// in bounded memory.
int print_query(Program& program, const Query& query);

// The option --output of every command that prints rows, and what it was given.
[[nodiscard]] CommandOption output_option();
[[nodiscard]] QueryOutput output_of(const Invocation& invocation);

}  // namespace vdk
