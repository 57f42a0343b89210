#include "cli/query.hpp"

#include "cli/job_directory.hpp"
#include "cli/table.hpp"
#include "job/cancellation.hpp"
#include "job/job_runner.hpp"

namespace vdk {

namespace {

constexpr std::size_t kOutputAtOnce = 65536;  // bytes

void print_rows(Host& host, ResultStream* rows, QueryOutput output) {
  std::vector<std::string> headers;
  if (rows) {
    for (const ResultColumn& column : rows->columns()) headers.push_back(column.name);
  }
  std::vector<Value> row;
  if (output == QueryOutput::json || output == QueryOutput::ascii_json) {
    std::string text = "[";
    for (bool first = true; rows && rows->next(row); first = false) {
      Value object{Value::Map{}};
      for (std::size_t i = 0; i < row.size(); ++i) object.set(headers[i], row[i]);
      text += (first ? "" : ", ") +
              (output == QueryOutput::json ? to_json(object) : to_ascii_json(object));
      if (text.size() > kOutputAtOnce) {
        host.write_out(text);
        text.clear();
      }
    }
    host.write_out(text + "]\n");
    return;
  }
  if (output == QueryOutput::csv) {
    std::vector<Value> names(headers.begin(), headers.end());
    std::string text = rows ? csv_line(names) : std::string();
    while (rows && rows->next(row)) {
      text += csv_line(row);
      if (text.size() > kOutputAtOnce) {
        host.write_out(text);
        text.clear();
      }
    }
    host.write_out(text);
    return;
  }
  // A table needs all its rows to know its widths.
  std::vector<std::vector<Value>> all;
  while (rows && rows->next(row)) all.push_back(row);
  host.write_out(rows ? simple_table(headers, all) : std::string("\n"));
}

}  // namespace

int print_query(Program& program, const std::string& sql, const std::string& database,
                QueryOutput output) {
  const std::filesystem::path directory = std::filesystem::current_path();
  const JobConfig job_config(directory);
  const Configuration configuration = program.configure(&job_config, {});
  set_log_level(program.verbosity().value_or(LogLevel::warning));
  EventStream events;
  Cancellation cancellation;
  const RunIds ids =
      make_run_ids(configuration.get_string("op_id"), configuration.get_string("execution_id"),
                   configuration.get_string("attempt_id"));
  register_query_comments(program.hooks(), job_name_of(directory), ids.op_id);
  RunScope scope{program.hooks(), events, cancellation, ids, std::chrono::system_clock::now()};
  JobContext context(scope, configuration,
                     {.name = job_name_of(directory),
                      .directory = directory,
                      .team = job_config.team().value_or("")});
  program.hooks().initialize_job.call(context);
  cancellation.on_signal([&context](int) { context.connections().interrupt(); });
  program.host().watch_signals(cancellation);
  {
    const auto rows = context.execute_query(sql, database);
    print_rows(program.host(), rows.get(), output);
  }
  program.hooks().finalize_job.call(context);
  cancellation.stop();
  return 0;
}

}  // namespace vdk
