#include <filesystem>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/ingest_files.hpp"
#include "cli/table.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 200;  // bytes of --once: the ledger holds them

Value parse_options(const std::string& text) {
  if (text.empty()) return {};
  try {
    Value options = parse_json(text);
    if (options.if_map()) return options;
  } catch (const Error& error) {
    throw user_error({.what = "The value of --options is not valid JSON.",
                      .why = error.text().what,
                      .consequence = "No row was read.",
                      .countermeasure = R"(Give one JSON object, for example '{"sep": ";"}'.)"});
  }
  throw user_error({.what = "The value of --options is no JSON object.",
                    .consequence = "No row was read.",
                    .countermeasure = R"(Give one JSON object, for example '{"sep": ";"}'.)"});
}

void require_file(const std::string& file, std::string_view label) {
  if (file == "-") return;
  std::error_code failure;
  const fs::file_status status = fs::status(file, failure);
  if (!fs::exists(status)) {
    throw UsageError(fmt::format("Invalid value for {}: File '{}' does not exist.", label, file));
  }
  if (fs::is_directory(status)) {
    throw UsageError(fmt::format("Invalid value for {}: File '{}' is a directory.", label, file));
  }
}

// The name of the file without its last ending, as upstream has it.
std::string table_of(const std::string& file, std::string_view option) {
  if (file == "-") {
    throw UsageError(fmt::format("Missing option '{}': standard input has no name.", option));
  }
  return fs::path(file).stem().string();
}

int run_ingest_csv(Invocation& invocation) {
  if (!invocation.has("file") && !invocation.has("table") && !invocation.has("options")) {
    invocation.program().host().write_out(command_help(ingest_csv_command()));
    return 0;
  }
  const std::string file = invocation.get("file");
  if (file.empty()) throw UsageError("Missing option '-f' / '--file'.");
  require_file(file, "'-f' / '--file'");
  std::string table = invocation.get("table");
  if (table.empty()) table = table_of(file, "--table-name");
  Host& host = invocation.program().host();
  return ingest_files(invocation.program(),
                      {.files = {file},
                       .table = std::move(table),
                       .format = "csv",
                       .options = parse_options(invocation.get("options"))},
                      [&](const std::vector<LoadStatistics>&) {
                        const std::string shown =
                            file == "-" ? file : fs::absolute(file).lexically_normal().string();
                        host.write_out(fmt::format("Ingesting csv file {} finished.\n", shown));
                      });
}

int run_ingest(Invocation& invocation) {
  FilesToIngest request{.files = invocation.all("files"),
                        .table = invocation.get("table"),
                        .method = invocation.get("method"),
                        .target = invocation.get("target"),
                        .format = invocation.get("format"),
                        .options = parse_options(invocation.get("options")),
                        .once = invocation.get("once"),
                        .settings = invocation.all("config")};
  for (const std::string& file : request.files) require_file(file, "'FILE'");
  if (request.once.size() > kLongestName) {
    throw UsageError(fmt::format("The name of --once is longer than {} bytes.", kLongestName));
  }
  if (std::ranges::count(request.files, "-") > 1) {
    throw UsageError("Standard input (-) can be read once.");
  }
  if (request.table.empty()) {
    if (request.files.size() > 1) throw UsageError("Missing option '-t' / '--table'.");
    request.table = table_of(request.files.front(), "--table");
  }
  Host& host = invocation.program().host();
  return ingest_files(invocation.program(), request, [&](const std::vector<LoadStatistics>& loads) {
    for (const LoadStatistics& load : loads) {
      host.write_out(fmt::format(
          "{} {} ingested into {} ({}{}){}.\n", with_thousands(load.rows_committed),
          plural(load.rows_committed, "row", "rows"), load.destination.table,
          load.destination.method,
          load.destination.target.empty() ? std::string() : ", " + redact(load.destination.target),
          load.rows_resumed == 0
              ? std::string()
              : fmt::format("; {} {} there before", with_thousands(load.rows_resumed),
                            plural(load.rows_resumed, "was", "were"))));
    }
    if (loads.empty()) host.write_out("There was no row to ingest.\n");
  });
}

}  // namespace

Command ingest_csv_command() {
  return {.name = "ingest-csv",
          .summary =
              "Ingest a CSV file (kept for scripts; see ingest).\n"
              "It goes where ingest_method_default and ingest_target_default say.",
          .examples =
              "vdk ingest-csv -f revenue.csv\n"
              "vdk ingest-csv -f revenue.csv --table-name my_revenue_table\n"
              "vdk ingest-csv -f revenue.tsv --options '{\"sep\": \"\\t\"}'",
          .options = {{.names = "-f,--file",
                       .key = "file",
                       .metavar = "FILE",
                       .help = "Path to the csv file; - is standard input."},
                      {.names = "-t,--table-name",
                       .key = "table",
                       .metavar = "TEXT",
                       .help = "The table into which the file is ingested. By default the file's "
                               "name without its ending."},
                      {.names = "-o,--options",
                       .key = "options",
                       .metavar = "TEXT",
                       .help = "One JSON object: keywords of pandas.read_csv. The common ones are "
                               "native; others need pandas."}},
          .run = run_ingest_csv};
}

Command ingest_command() {
  return {.name = "ingest",
          .summary =
              "Ingest files: CSV, JSON Lines, Parquet.\n"
              "Several files are one source; they must be of one format.",
          .examples =
              "vdk ingest orders.csv\n"
              "vdk ingest 2026-*.parquet --table orders --method duckdb\n"
              "curl -s https://example.org/orders.csv | vdk ingest - --table orders",
          .arguments = {{.key = "files",
                         .metavar = "FILE",
                         .help = "The files to read; - is standard input.",
                         .repeated = true}},
          .options = {{.names = "-t,--table",
                       .key = "table",
                       .metavar = "NAME",
                       .help = "The table to ingest into. By default the name of the only file "
                               "without its ending."},
                      {.names = "--method",
                       .key = "method",
                       .metavar = "NAME",
                       .help = "The ingestion method, or a comma list of them, instead of "
                               "ingest_method_default, and that instead of the default database."},
                      {.names = "--target",
                       .key = "target",
                       .metavar = "TEXT",
                       .help = "The target, instead of ingest_target_default."},
                      {.names = "--format",
                       .key = "format",
                       .metavar = "NAME",
                       .help = "csv, jsonl or parquet. By default what the files' names say."},
                      {.names = "-o,--options",
                       .key = "options",
                       .metavar = "TEXT",
                       .help = "One JSON object: options of the format; for CSV keywords of "
                               "pandas.read_csv."},
                      {.names = "--once",
                       .key = "once",
                       .metavar = "NAME",
                       .help = "A name for this load. The same command with the same name goes on "
                               "where an earlier one ended, and never stores a row twice."},
                      {.names = "-c,--config",
                       .key = "config",
                       .metavar = "KEY=VALUE",
                       .help = "Set a configuration value. May be given many times.",
                       .repeated = true}},
          .run = run_ingest};
}

}  // namespace vdk
