#include "cli/query.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "cli/command_job.hpp"
#include "cli/table.hpp"
#include "data/arrow_ipc.hpp"
#include "vdk/connection/result_batch.hpp"
#include "vdk/data/uniform_batches.hpp"

namespace vdk {

namespace {

constexpr std::size_t kOutputAtOnce = 65536;  // bytes
constexpr std::size_t kBatchRows = 10'000;

// Gathers what is printed into larger pieces.
class Output {
 public:
  explicit Output(Host& host) : host_(host) {}
  void operator()(std::string_view text) {
    waiting_ += text;
    if (waiting_.size() > kOutputAtOnce) flush();
  }
  void flush() {
    host_.write_result(waiting_);
    waiting_.clear();
  }

 private:
  Host& host_;
  std::string waiting_;
};

std::vector<std::string> names_of(const ResultStream& rows) {
  std::vector<std::string> names;
  for (const ResultColumn& column : rows.columns()) names.push_back(column.name);
  return names;
}

void print_json(Output& out, ResultStream* rows, bool ascii) {
  const std::vector<std::string> names = rows ? names_of(*rows) : std::vector<std::string>();
  std::vector<Value> row;
  out("[");
  for (bool first = true; rows && rows->next(row); first = false) {
    Value object{Value::Map{}};
    for (std::size_t i = 0; i < row.size(); ++i) object.set(names[i], row[i]);
    if (!first) out(", ");
    out(ascii ? to_ascii_json(object) : to_json(object));
  }
  out("]\n");
}

void print_csv(Output& out, ResultStream* rows) {
  if (!rows) return;
  const std::vector<std::string> names = names_of(*rows);
  out(csv_line({names.begin(), names.end()}));
  std::vector<Value> row;
  while (rows->next(row)) out(csv_line(row));
}

void print_arrow(Output& out, ResultStream* rows) {
  UniformBatches batches(
      [&] { return rows ? rows->next_batch(kBatchRows) : std::optional<Batch>(); },
      rows ? schema_of(rows->columns()) : Schema());
  ArrowIpcWriter writer(batches.schema(), [&](std::string_view bytes) { out(bytes); });
  while (const auto batch = batches.next()) writer.write(*batch);
  writer.finish();
}

void print_table(Output& out, ResultStream* rows, const Query& query) {
  if (!rows) return out("\n");
  Table table(query.headers ? names_of(*rows) : std::vector<std::string>(), query.style);
  std::size_t count = 0;
  std::vector<Value> row;
  for (; rows->next(row); ++count) table.add(row);
  if (!query.headers && count == 0) return out("\n");
  table.write([&](std::string_view line) { out(line); });
}

void print_rows(Host& host, ResultStream* rows, const Query& query) {
  Output out(host);
  switch (query.output) {
    case QueryOutput::json:
    case QueryOutput::ascii_json:
      print_json(out, rows, query.output == QueryOutput::ascii_json);
      break;
    case QueryOutput::csv:
      print_csv(out, rows);
      break;
    case QueryOutput::arrow:
      print_arrow(out, rows);
      break;
    case QueryOutput::table:
      print_table(out, rows, query);
      break;
  }
  out.flush();
}

}  // namespace

CommandOption output_option() {
  return {.names = "-o,--output",
          .key = "output",
          .help = "How rows are printed; arrow is an Arrow IPC stream.",
          .choices = {"table", "json", "csv", "arrow"},
          .default_value = "table"};
}

QueryOutput output_of(const Invocation& invocation) {
  const std::string name = lower(invocation.get("output"));
  if (name == "json") return QueryOutput::json;
  if (name == "csv") return QueryOutput::csv;
  if (name != "arrow") return QueryOutput::table;
  if (isatty(STDOUT_FILENO) != 0) {
    throw UsageError("An Arrow stream is not for a terminal: send it to a file or a program.");
  }
  return QueryOutput::arrow;
}

int print_query(Program& program, const Query& query) {
  return run_as_job(program, {}, [&](JobContext& context) {
    const auto rows = context.execute_query(query.sql, query.database, query.substitution);
    print_rows(program.host(), rows.get(), query);
  });
}

}  // namespace vdk
