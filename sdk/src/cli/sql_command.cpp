#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/query.hpp"

namespace vdk {

namespace {

std::string read_standard_input() {
  std::string text;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string text_of(const Invocation& invocation) {
  std::string sql = invocation.get("query");
  return sql == "-" ? read_standard_input() : sql;
}

int run_sql(Invocation& invocation) {
  return print_query(invocation.program(), {.sql = text_of(invocation),
                                            .database = invocation.get("database"),
                                            .output = output_of(invocation)});
}

int run_sql_query(Invocation& invocation) {
  const bool json = invocation.get("output") == "json";
  if (!json) invocation.program().host().write_out("\n");
  return print_query(invocation.program(),
                     {.sql = invocation.get("query"),
                      .output = json ? QueryOutput::ascii_json : QueryOutput::table,
                      .style = TableStyle::tabulate});
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
                      output_option()},
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

std::vector<Command> engine_query_commands(const std::vector<PluginManifest>& manifests) {
  std::vector<Command> commands;
  for (const PluginManifest& manifest : manifests) {
    if (manifest.connections.empty()) continue;
    const auto run = [connection = manifest.connections.front(),
                      headers = manifest.query_headers](Invocation& invocation) {
      return print_query(invocation.program(), {.sql = text_of(invocation),
                                                .database = connection,
                                                .substitution = Substitution::none,
                                                .output = output_of(invocation),
                                                .style = TableStyle::tabulate,
                                                .headers = headers});
    };
    const std::string name = manifest.engine + "-query";
    commands.push_back({.name = name,
                        .summary = fmt::format("Ask the {} database of the configuration.\n"
                                               "Reads config.ini of the current directory.",
                                               manifest.title),
                        .examples = fmt::format("vdk {} -q 'select 1' --output csv", name),
                        .options = {{.names = "-q,--query",
                                     .key = "query",
                                     .metavar = "TEXT",
                                     .help = "The SQL text; - reads it from standard input.",
                                     .required = true},
                                    output_option()},
                        .run = run});
  }
  return commands;
}

}  // namespace vdk
