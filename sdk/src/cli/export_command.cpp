#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/command_job.hpp"
#include "cli/progress_line.hpp"
#include "cli/table.hpp"
#include "job/cancellation.hpp"
#include "vdk/base/output_file.hpp"
#include "vdk/connection/result_batch.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kCsv = "csv";
constexpr std::size_t kBatchBytes = std::size_t{4} << 20U;
constexpr std::size_t kMostRows = 100'000;
constexpr std::size_t kTypedRows = 10'000;

struct Export {
  std::string query;
  std::string database{};
  std::string file;  // "-" is standard output
  std::string format;
  Value options{};
  std::vector<std::string> settings{};
};

// Rows of a result as batches. `as_text`: each value as Python's str() has it, whatever its column
// holds elsewhere.
class ResultBatches {
 public:
  ResultBatches(ResultStream& rows, bool as_text)
      : rows_(rows), as_text_(as_text), schema_(schema_of(rows.columns())) {
    if (!as_text_) return;
    for (Field& field : schema_) field.type = ColumnType::text;
  }

  // No rows, but the columns.
  [[nodiscard]] Batch header() const {
    std::vector<Column> columns;
    for (const Field& field : schema_) {
      columns.push_back({field});
      if (has_offsets(field.type)) columns.back().offsets = {0};
    }
    return {std::move(columns), 0};
  }
  [[nodiscard]] std::optional<Batch> next() {
    return as_text_ ? next_texts() : rows_.next_batch(kTypedRows);
  }

 private:
  static bool has_offsets(ColumnType type) {
    return type == ColumnType::text || type == ColumnType::binary || type == ColumnType::decimal ||
           type == ColumnType::json;
  }

  std::optional<Batch> next_texts() {
    std::vector<Value> row;
    while (builder_.rows() < kMostRows && builder_.bytes() < kBatchBytes && rows_.next(row)) {
      for (std::size_t i = 0; i < schema_.size(); ++i) {
        append(builder_.column(schema_[i].name), row[i]);
      }
      builder_.end_row();
    }
    if (builder_.rows() == 0) return std::nullopt;
    return builder_.finish();
  }

  void append(std::size_t column, const Value& value) {
    if (value.is_null()) {
      builder_.append_null(column);
    } else if (const std::string* text = value.if_string()) {
      builder_.append_text(column, *text);
    } else {
      builder_.append_text(column, to_python_text(value));
    }
  }

  ResultStream& rows_;
  bool as_text_;
  Schema schema_;
  BatchBuilder builder_;
};

// Runs the query and writes its rows. Returns the exit code; `done` gets the number of rows.
int export_rows(Program& program, const Export& request,
                const std::function<void(std::int64_t)>& done) {
  std::int64_t count = 0;
  const int code = run_as_job(program, {.settings = request.settings}, [&](JobContext& context) {
    std::optional<OutputFile> file;
    if (request.file != "-") file.emplace(request.file);
    const FileFormat& format = program.plugins().format(request.format);
    if (!format.open_writer) {
      throw user_error(
          {.what = fmt::format("Files of the format {} are only read.", request.format),
           .consequence = "Nothing was written.",
           .countermeasure = "Export to another format."});
    }
    const auto writer = format.open_writer(
        context.configuration(),
        [&](std::string_view bytes) {
          if (file) {
            file->write(bytes);
          } else {
            program.host().write_out(bytes);
          }
        },
        request.options);
    const auto rows = context.execute_query(request.query, request.database);
    if (rows) {
      ProgressLine progress(program.host());
      ResultBatches batches(*rows, request.format == kCsv);
      writer->write(batches.header());
      while (const std::optional<Batch> batch = batches.next()) {
        context.scope().cancellation.check();
        count += static_cast<std::int64_t>(batch->rows());
        writer->write(*batch);
        progress.show(-1, count);
      }
    }
    writer->finish();
    if (file) file->publish();
  });
  if (code == 0) done(count);
  return code;
}

void refuse_directory(const std::string& file) {
  std::error_code failure;
  if (fs::is_directory(file, failure)) {
    throw UsageError(
        fmt::format("Invalid value for '-f' / '--file': File '{}' is a directory.", file));
  }
}

int run_export_csv(Invocation& invocation) {
  Host& host = invocation.program().host();
  if (!invocation.has("query")) {
    if (invocation.has("file")) throw UsageError("Missing option '-q' / '--query'.");
    host.write_out(command_help(export_csv_command()));
    return 0;
  }
  std::string file = invocation.get("file");
  if (file.empty()) file = "result.csv";
  refuse_directory(file);
  if (file != "-") file = fs::absolute(file).lexically_normal().string();
  return export_rows(invocation.program(),
                     {.query = invocation.get("query"), .file = file, .format = std::string(kCsv)},
                     [&](std::int64_t) {
                       if (file == "-") return;
                       host.write_out(fmt::format(
                           "Exported data successfully. You can find the result here: {}\n", file));
                     });
}

int run_export(Invocation& invocation) {
  Program& program = invocation.program();
  const std::string file = invocation.get("file");
  refuse_directory(file);
  std::string format = lower(invocation.get("format"));
  if (format.empty() && file == "-") format = kCsv;
  if (format.empty()) {
    const std::string ending = fs::path(file).extension().string();
    format = program.plugins().format_of_ending(ending.empty() ? ending : ending.substr(1));
  }
  if (format.empty()) {
    throw UsageError(
        fmt::format("The format of '{}' is not known by its name: give '--format'.", file));
  }
  Value options;
  if (invocation.has("header")) options.set("header", true);
  return export_rows(
      program,
      {.query = invocation.get("query"),
       .database = invocation.get("database"),
       .file = file,
       .format = std::move(format),
       .options = std::move(options),
       .settings = invocation.all("config")},
      [&](std::int64_t rows) {
        if (file == "-") return;
        program.host().write_out(fmt::format("{} {} written to {}.\n", with_thousands(rows),
                                             plural(rows, "row", "rows"), file));
      });
}

}  // namespace

Command export_csv_command() {
  return {
      .name = "export-csv",
      .summary =
          "Write the rows of a query into a CSV file (kept for scripts; see export).\n"
          "The query runs on the default database. There is no line of names.",
      .examples =
          "vdk export-csv -q 'SELECT * FROM test_table'\n"
          "vdk export-csv -q 'SELECT * FROM test_table' -f csv/result1.csv",
      .options = {{.names = "-q,--query", .key = "query", .metavar = "TEXT", .help = "The query."},
                  {.names = "-f,--file",
                   .key = "file",
                   .metavar = "FILE",
                   .help = "Path to the csv file; it must not exist. - is standard output. By "
                           "default result.csv."}},
      .run = run_export_csv};
}

Command export_command() {
  return {.name = "export",
          .summary =
              "Write the rows of a query into a file: CSV, JSON Lines, Parquet.\n"
              "The file appears when it is whole, and never takes another's place.",
          .examples =
              "vdk export -q 'SELECT * FROM orders' -f orders.parquet\n"
              "vdk export -q 'SELECT * FROM orders' -f orders.csv --header\n"
              "vdk export -q 'SELECT * FROM orders' -f - --format jsonl | gzip > orders.jsonl.gz",
          .options = {{.names = "-q,--query",
                       .key = "query",
                       .metavar = "TEXT",
                       .help = "The query.",
                       .required = true},
                      {.names = "-f,--file",
                       .key = "file",
                       .metavar = "FILE",
                       .help = "The file; it must not exist. - is standard output.",
                       .required = true},
                      {.names = "--format",
                       .key = "format",
                       .metavar = "NAME",
                       .help = "csv, jsonl or parquet. By default what the file's name says."},
                      {.names = "--header",
                       .key = "header",
                       .help = "Begin a CSV file with the names of the columns."},
                      {.names = "-d,--database",
                       .key = "database",
                       .metavar = "NAME",
                       .help = "The connection to use instead of the default one."},
                      {.names = "-c,--config",
                       .key = "config",
                       .metavar = "KEY=VALUE",
                       .help = "Set a configuration value. May be given many times.",
                       .repeated = true}},
          .run = run_export};
}

}  // namespace vdk
