#include <unistd.h>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/query.hpp"

namespace vdk {

namespace {

QueryOutput output_of(const std::string& name) {
  if (name == "json") return QueryOutput::json;
  if (name == "csv") return QueryOutput::csv;
  return QueryOutput::table;
}

std::string read_standard_input() {
  std::string text;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

int run_sql(Invocation& invocation) {
  std::string sql = invocation.get("query");
  if (sql == "-") sql = read_standard_input();
  return print_query(invocation.program(), sql, invocation.get("database"),
                     output_of(invocation.get("output")));
}

int run_sql_query(Invocation& invocation) {
  const QueryOutput output =
      invocation.get("output") == "json" ? QueryOutput::ascii_json : QueryOutput::table;
  if (output == QueryOutput::table) invocation.program().host().write_out("\n");
  return print_query(invocation.program(), invocation.get("query"), {}, output);
}

}  // namespace

Command sql_command() {
  return {.name = "sql",
          .summary =
              "Ask a database: the default one, or the one named by --database.\n"
              "Reads config.ini of the current directory, as a job there would.",
          .examples =
              "vdk sql 'select 1'\n"
              "vdk sql --database duckdb --output json 'from flights limit 3'\n"
              "cat query.sql | vdk sql -",
          .arguments = {{"query", "QUERY", "The SQL text; - reads it from standard input."}},
          .options = {{.names = "-d,--database",
                       .key = "database",
                       .metavar = "NAME",
                       .help = "The connection to use instead of the default one."},
                      {.names = "-o,--output",
                       .key = "output",
                       .help = "How rows are printed.",
                       .choices = {"table", "json", "csv"},
                       .default_value = "table"}},
          .run = run_sql};
}

Command sql_query_command() {
  return {.name = "sql-query",
          .summary = "Ask the default database (kept for scripts; see sql).",
          .examples = "vdk sql-query -q 'select 1' -o json",
          .options = {{.names = "-q,--query",
                       .key = "query",
                       .metavar = "TEXT",
                       .help = "The SQL text.",
                       .required = true},
                      {.names = "-o,--output",
                       .key = "output",
                       .help = "How rows are printed.",
                       .choices = {"json", "text"},
                       .default_value = "text"}},
          .hidden = true,
          .run = run_sql_query};
}

}  // namespace vdk
