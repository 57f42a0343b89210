#include <charconv>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"
#include "state/run_records.hpp"

namespace vdk {

namespace {

int run_runs(Invocation& invocation) {
  Host& host = invocation.program().host();
  const std::vector<RunRecord> records = list_records(invocation.get("job"));
  if (invocation.get("output") == "json") {
    Value::List list;
    for (const RunRecord& record : records) list.push_back(to_value(record));
    host.write_out(to_json(Value(std::move(list)), 2) + '\n');
    return 0;
  }
  if (records.empty()) {
    const std::string job = invocation.get("job");
    host.write_out(job.empty() ? "No runs are recorded here. Run a job: vdk run my-job\n"
                               : fmt::format("No runs of a job '{}' are recorded here.\n", job));
    return 0;
  }
  std::vector<std::vector<Value>> rows;
  for (const RunRecord& record : records) {
    rows.push_back({record.job, record.execution_id, record.start, record.status, record.rows,
                    record.resumable ? "yes" : "no"});
  }
  host.write_out(simple_table({"job", "execution", "start", "status", "rows", "resumable"}, rows));
  return 0;
}

std::chrono::hours parse_age(const std::string& text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (failure == std::errc() && number >= 0) {
    if (unit == "d") return std::chrono::hours(24) * number;
    if (unit == "h") return std::chrono::hours(number);
  }
  throw UsageError(
      fmt::format("Invalid value for '--older-than': '{}' is no age; write 30d or 12h.", text));
}

int run_clean(Invocation& invocation) {
  const std::size_t removed =
      remove_records(invocation.get("job"), parse_age(invocation.get("older_than")));
  invocation.program().host().write_out(fmt::format("Removed the records of {} ended {}.\n",
                                                    removed, plural(removed, "run", "runs")));
  return 0;
}

}  // namespace

Command runs_command() {
  return {.name = "runs",
          .summary = "List the runs of this machine's jobs, the latest first.",
          .examples = "vdk runs\nvdk runs my-job --output json",
          .arguments =
              {{.key = "job", .metavar = "JOB", .help = "The name of one job.", .required = false}},
          .options = {{.names = "-o,--output",
                       .key = "output",
                       .help = "How the list is printed.",
                       .choices = {"table", "json"},
                       .default_value = "table"}},
          .run = run_runs};
}

Command clean_command() {
  return {.name = "clean",
          .summary = "Remove the records of old runs.",
          .examples = "vdk clean\nvdk clean my-job --older-than 7d",
          .arguments =
              {{.key = "job", .metavar = "JOB", .help = "The name of one job.", .required = false}},
          .options = {{.names = "--older-than",
                       .key = "older_than",
                       .metavar = "AGE",
                       .help = "Runs that ended longer ago than this (30d, 12h).",
                       .default_value = "30d"}},
          .run = run_clean};
}

}  // namespace vdk
