#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/check.hpp"
#include "cli/command.hpp"
#include "cli/isolated_run.hpp"
#include "cli/job_directory.hpp"
#include "cli/log_view.hpp"
#include "cli/program.hpp"
#include "cli/python_launcher.hpp"
#include "cli/structured_log.hpp"
#include "cli/terminal_view.hpp"
#include "job/cancellation.hpp"
#include "job/job_runner.hpp"
#include "job/run_summary.hpp"
#include "job/step_discovery.hpp"
#include "job/termination_file.hpp"
#include "state/run_records.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLogger = "vdk.run";

// Where run events go besides the terminal: a file, or standard output for "-".
class EventFile {
 public:
  EventFile(const std::string& target, Host& host) : host_(host) {
    if (target.empty() || target == "-") {
      to_stdout_ = target == "-";
      return;
    }
    file_.reset(std::fopen(target.c_str(), "wbe"));
    if (!file_) {
      throw user_error(
          {.what = fmt::format("The event file {} cannot be written.", target),
           .why = fmt::format("The system says: {}.", std::strerror(errno)),
           .consequence = "Nothing was run.",
           .countermeasure = "Give --events a path that you may write, or - for standard output."});
    }
  }
  [[nodiscard]] bool wanted() const noexcept { return to_stdout_ || file_; }
  void write(const Event& event) {
    const std::string line = to_json_line(event);
    if (to_stdout_) {
      host_.write_out(line);
    } else if (file_) {
      std::fwrite(line.data(), 1, line.size(), file_.get());
      std::fflush(file_.get());
    }
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  Host& host_;
  bool to_stdout_ = false;
  std::unique_ptr<std::FILE, Close> file_;
};

// While it lives, the view knows of what the steps print.
class OutputWatch {
 public:
  OutputWatch(Host& host, TerminalView* view) : host_(host), watched_(view != nullptr) {
    if (watched_) host_.watch_output(view);
  }
  ~OutputWatch() { stop(); }
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;
  void stop() {
    if (std::exchange(watched_, false)) host_.watch_output(nullptr);
  }

 private:
  Host& host_;
  bool watched_;
};

// While it lives, a native plugin that is opened is an event of the run.
class OpeningWatch {
 public:
  OpeningWatch(PluginIndex& plugins, EventStream& events) : plugins_(plugins) {
    plugins.on_open([&events](const PluginStanding& opened) {
      Value fields;
      fields.set("plugin", opened.manifest.name);
      fields.set("version", opened.manifest.version);
      fields.set("seconds", std::chrono::duration<double>(opened.load_time).count());
      events.emit("plugin_opened", std::move(fields));
    });
  }
  ~OpeningWatch() { plugins_.on_open({}); }
  OpeningWatch(const OpeningWatch&) = delete;
  OpeningWatch& operator=(const OpeningWatch&) = delete;

 private:
  PluginIndex& plugins_;
};

// From the command line, or from a file where they are no business of whoever lists processes.
Value known_arguments(const Invocation& invocation) {
  const bool in_file = invocation.has("arguments_file");
  const std::string text =
      in_file ? read_file(invocation.get("arguments_file")) : invocation.get("arguments");
  if (text.empty()) return {};
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw user_error(
        {.what = in_file ? fmt::format("The file {} is not valid JSON.",
                                       invocation.get("arguments_file"))
                         : "The value of --arguments is not valid JSON.",
         .why = error.text().what + (error.text().why.empty() ? "" : " " + error.text().why),
         .consequence = "Nothing was run.",
         .countermeasure =
             in_file
                 ? R"(Write one JSON value into it, for example {"day": "2026-01-31"}.)"
                 : R"(Give one JSON value in quotes, for example --arguments '{"day": "2026-01-31"}'.)"});
  }
}

int exit_code_of(const ExecutionResult& result) {
  if (!result.failed()) return 0;
  if (result.failure && result.failure->error) {
    try {
      std::rethrow_exception(result.failure->error);
    } catch (const Cancelled& cancelled) {
      return cancelled.exit_code();
    } catch (const ExitRequested& exit) {
      return exit.code() == 0 ? 1 : exit.code() & 0xFF;
    } catch (...) {
      return 1;
    }
  }
  return 1;
}

void write_summary(const Configuration& configuration, const ExecutionResult& result) {
  const std::string path = configuration.get_string("job_run_summary_file_path");
  if (!path.empty()) write_file_atomic(path, to_json(summary_json(result)));
}

void log_result(const Configuration& configuration, const ExecutionResult& result) {
  if (configuration.get_bool("log_execution_result")) {
    log(LogLevel::info, kLogger, "Data Job execution summary: " + to_json(result_json(result), 2));
  } else {
    log(result.failed() ? LogLevel::error : LogLevel::info, kLogger, summary_text(result));
  }
}

Value run_started_fields(const JobContext& context, const RunIds& ids) {
  Value fields;
  fields.set("job", context.name());
  fields.set("directory", context.directory().string());
  fields.set("op_id", ids.op_id);
  fields.set("execution_id", ids.execution_id);
  fields.set("attempt_id", ids.attempt_id);
  return fields;
}

Value run_ended_fields(const ExecutionResult& result, int exit_code, std::int64_t rows) {
  Value fields;
  fields.set("status", to_string(result.status));
  fields.set("exit_code", static_cast<std::int64_t>(exit_code));
  fields.set("termination_status", to_string(termination_status(result)));
  fields.set("seconds", std::chrono::duration<double>(result.end - result.start).count());
  fields.set("rows", rows);
  if (result.failure) {
    Value failure;
    failure.set("type", result.failure->type_name);
    failure.set("message", redact(result.failure->message));
    failure.set("resolvable_by", to_string(result.failure->resolvable_by));
    fields.set("failure", std::move(failure));
  }
  return fields;
}

void tell_shadowed_plugins(const PluginIndex& plugins) {
  for (const PluginStanding& standing : plugins.standings()) {
    if (standing.state != PluginState::shadowed) continue;
    log(LogLevel::info, "vdk.plugins",
        fmt::format("The native plugin {} {} ({}) is shadowed: {}.", standing.manifest.name,
                    standing.manifest.version, standing.manifest.file.string(), standing.cause));
  }
}

// Log records tell the step at work.
void note_step(StructuredLog& log, const Event& event) {
  if (event.type != "step_started" && event.type != "step_ended") return;
  const auto text = [&event](std::string_view key) -> std::string {
    const Value* value = event.fields.find(key);
    return value && value->if_string() ? *value->if_string() : std::string();
  };
  const bool started = event.type == "step_started";
  log.enter_step(started ? text("step") : "", started ? text("step_type") : "");
}

void note_finished_step(const RunRecord& record, const Event& event) {
  if (event.type != "step_ended" || event.fields.find("template") != nullptr) return;
  const Value* status = event.fields.find("status");
  const Value* step = event.fields.find("step");
  if (!status || !step || !status->if_string() || !step->if_string()) return;
  if (*status->if_string() != "success" && *status->if_string() != "not_runnable") return;
  // A step of some length is worth the wait for the disk.
  constexpr double kWorthwhileSeconds = 0.1;
  const Value* seconds = event.fields.find("seconds");
  const bool lasting = seconds && seconds->if_real() && *seconds->if_real() >= kWorthwhileSeconds;
  record_finished_step(record, *step->if_string(), lasting);
}

void report_rejections(const LoadStatistics& load, const std::vector<Rejection>& rejections,
                       std::string_view one, std::string_view many) {
  for (const Rejection& rejection : rejections) {
    log(LogLevel::warning, kLogger,
        fmt::format("{} {} for table {}: {} ({}{}{}, first row {})", rejection.rows,
                    plural(rejection.rows, one, many), load.destination.table,
                    first_line(rejection.message), rejection.reason,
                    rejection.column.empty() ? "" : ", column ", rejection.column,
                    rejection.first_row));
  }
}

// What became of the rows of one destination, by the sink's acknowledgements.
void report_load(const LoadStatistics& load) {
  std::string line = fmt::format("{} {} stored in table {} by {}", load.rows_committed,
                                 plural(load.rows_committed, "row", "rows"), load.destination.table,
                                 load.destination.method);
  if (load.rows_resumed != 0) {
    line += fmt::format(", {} {} there before", load.rows_resumed,
                        plural(load.rows_resumed, "was", "were"));
  }
  if (load.delivery) line += fmt::format(" ({})", to_string(*load.delivery));
  log(LogLevel::info, kLogger, line);
  report_rejections(load, load.rejected, "row rejected", "rows rejected");
  report_rejections(load, load.discarded, "row or value left out", "rows or values left out");
  if (!load.delivery_note.empty()) {
    log(LogLevel::warning, kLogger,
        fmt::format("{}: {}", to_string(*load.delivery), first_line(load.delivery_note)));
  }
}

// The run that is to go on. Throws Error (user) where there is nothing to resume.
RunRecord run_to_resume(const std::string& job, const std::string& wanted) {
  const std::vector<RunRecord> records = list_records(job);
  const auto found = std::ranges::find_if(records, [&](const RunRecord& record) {
    return wanted == "last" ? record.status != "running" : record.execution_id == wanted;
  });
  std::vector<std::string> resumable;
  for (const RunRecord& record : records) {
    if (record.resumable) resumable.push_back(record.execution_id);
  }
  const std::string known =
      resumable.empty()
          ? fmt::format("No run of the job {} is known that can be resumed.", job)
          : fmt::format("Runs that can be resumed, the latest first: {}.", join(resumable, ", "));
  if (found == records.end()) {
    throw user_error(
        {.what = fmt::format("There is no run {} of the job {} to resume.", wanted, job),
         .why = known,
         .consequence = "Nothing was run.",
         .countermeasure = "See `vdk runs`, and give the id of an execution."});
  }
  if (!found->resumable) {
    throw user_error(
        {.what =
             fmt::format("The run {} of the job {} cannot be resumed.", found->execution_id, job),
         .why = found->status == "running" ? "It is still at work." : "It ended well.",
         .consequence = "Nothing was run.",
         .countermeasure = found->status == "running" ? "Wait for its end, or end it."
                                                      : "Run the job without --resume."});
  }
  return *found;
}

int run_job_at(Invocation& invocation, const fs::path& directory) {
  Program& program = invocation.program();
  Host& host = program.host();

  const std::vector<Step> steps = find_steps(directory);
  const bool has_python =
      std::ranges::any_of(steps, [](const Step& s) { return s.type == kPythonStep; });
  if (has_python && !host.runs_python())
    continue_in_python(program.plugins().environment(), program.arguments());

  Value arguments = known_arguments(invocation);
  const JobConfig job_config(directory);
  Configuration configuration = program.configure(&job_config, invocation.all("config"));

  const RunIds& ids = program.ids();
  const std::string name = job_name_of(directory);
  const std::string wanted = invocation.get("resume");
  std::optional<RunRecord> former;
  if (!wanted.empty()) former = run_to_resume(name, wanted);

  EventFile event_file(invocation.get("events"), host);
  EventStream events;
  const bool live = host.owns_terminal() && isatty(STDERR_FILENO) == 1 && !program.verbosity();
  std::optional<TerminalView> view;
  if (live)
    view.emplace(terminal_style(), [&host](std::string_view text) { host.write_err(text); });
  OutputWatch watch(host, view ? &*view : nullptr);
  const std::string level_name = configuration.get_string("log_level_vdk");
  const std::optional<LogLevel> level = parse_log_level(level_name);
  set_log_level(live ? LogLevel::warning
                     : program.verbosity().value_or(level.value_or(LogLevel::info)));
  std::optional<StructuredLog> structured;
  if (StructuredLog::is_wanted(configuration)) {
    structured.emplace(configuration, name, ids.attempt_id);
  }
  std::optional<LogView> log_view;
  if (upper(configuration.get_string("log_config")) == "NONE") {
    set_log_level(LogLevel::warning);
  } else {
    if (structured) {
      events.subscribe([&structured](const Event& event) { note_step(*structured, event); });
    }
    const bool json = lower(configuration.get_string("log_format")) == "json";
    log_view.emplace(
        [&structured, json, name, id = ids.attempt_id](const LogRecord& record) {
          if (structured) return structured->line(record);
          return json ? to_json_line(record, name, id) : to_text_line(record, name, id);
        },
        [&host, &view](std::string_view line) {
          if (view) {
            view->print_above(line);
          } else {
            host.write_err(line);
          }
        });
  }
  if (view) events.subscribe([&view](const Event& event) { view->on_event(event); });
  if (event_file.wanted())
    events.subscribe([&event_file](const Event& event) { event_file.write(event); });
  if (program.verbosity()) tell_shadowed_plugins(program.plugins());
  for (const std::string& warning : job_config.warnings(configuration))
    log(LogLevel::warning, kLogger, warning);
  for (const std::string& warning : unknown_key_warnings(configuration))
    log(LogLevel::warning, kLogger, warning);

  if (!level) {
    log(LogLevel::warning, kLogger,
        fmt::format(
            "log_level_vdk is '{}', which is no level; INFO is used. Write CRITICAL, ERROR, "
            "WARNING, INFO or DEBUG.",
            level_name));
  }

  const TerminationFile termination(configuration);
  RunRecord record{.job = name,
                   .execution_id = ids.execution_id,
                   .op_id = ids.op_id,
                   .attempt_id = ids.attempt_id,
                   .directory = directory.string()};
  const RunGuard guard(name, ids.execution_id);
  if (const auto& other = guard.other_run()) {
    log(LogLevel::warning, kLogger,
        fmt::format("Another run of the job {} is at work: {}. Both go on; what one writes the "
                    "other may overwrite.",
                    name, *other));
  }
  Cancellation cancellation;
  RunScope scope{.hooks = program.hooks(),
                 .events = events,
                 .cancellation = cancellation,
                 .ids = ids,
                 .start = program.start(),
                 .selection = {.from_step = invocation.get("from_step"),
                               .only_step = invocation.get("only_step")}};
  if (former) {
    record.resumes = former->resumes.empty() ? former->execution_id : former->resumes;
    scope.resumed = record.resumes;
    scope.former_comment = query_comment(name, former->op_id);
    for (std::string& step : finished_steps(*former)) scope.finished_steps.insert(std::move(step));
  }
  start_record(record);
  for (const std::string& step : scope.finished_steps) record_finished_step(record, step, false);
  // What a step sent is stored at its end, or else its end proves nothing.
  if (lower(configuration.get_string("ingest_flush")) != "end_of_job") {
    events.subscribe([&record](const Event& event) { note_finished_step(record, event); });
  }

  ExecutionResult result;
  std::int64_t rows = 0;
  {
    JobContext context(scope, configuration,
                       {.name = name,
                        .directory = directory,
                        .team = job_config.team().value_or(""),
                        .arguments = std::move(arguments)});
    cancellation.on_signal([&context](int) { context.connections().interrupt(); });
    cancellation.set_grace(static_cast<double>(configuration.get_integer("cancel_grace_seconds")),
                           [&termination, &record](int signal_number) {
                             termination.write(TerminationStatus::cancelled);
                             end_record(record, "cancelled", 128 + signal_number, 0);
                           });
    host.watch_signals(cancellation);
    events.emit("run_started", run_started_fields(context, ids));
    const OpeningWatch openings(program.plugins(), events);
    const TimePoint start = std::chrono::system_clock::now();
    try {
      result = run_data_job(context);
    } catch (...) {
      result.job_name = name;
      result.execution_id = ids.execution_id;
      result.start = start;
      result.end = std::chrono::system_clock::now();
      result.status = StepStatus::error;
      result.failure = describe_failure(std::current_exception());
    }
    for (const LoadStatistics& load : context.ingester().statistics()) {
      rows += load.rows_committed;
      report_load(load);
    }
    cancellation.stop();
  }

  int exit_code = exit_code_of(result);
  if (result.failed() && result.failure) {
    program.set_failure(result.failure->error);
    if (program.is_handled(*result.failure)) exit_code = 0;
  }
  // Who fails from here on fails the run.
  const auto finish = [&](const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      Failure failure = describe_failure(std::current_exception());
      if (exit_code == 0) exit_code = 1;
      if (result.failed()) {
        print_error(host, failure);
        return;
      }
      result.status = StepStatus::error;
      result.failure = std::move(failure);
      result.end = std::chrono::system_clock::now();
    }
  };
  const auto summarise = [&] { write_summary(configuration, result); };
  finish(summarise);  // implementations of vdk_exit read it
  const bool failed_before = result.failed();
  finish([&] { program.leave(exit_code); });
  if (result.failed() && !failed_before) finish(summarise);
  termination.write(termination_status(result));
  end_record(record, std::string(to_string(result.status)), exit_code, rows);
  if (!view || configuration.get_bool("log_execution_result")) log_result(configuration, result);
  events.emit("run_ended", run_ended_fields(result, exit_code, rows));
  if (view) {
    watch.stop();
    view.reset();
    if (result.failure) print_error(host, *result.failure);
    if (!result.not_run.empty())
      host.write_err(fmt::format("Not run: {}\n", join(result.not_run, ", ")));
  }
  return exit_code;
}

int run(Invocation& invocation) {
  Program& program = invocation.program();
  if (invocation.has("arguments") && invocation.has("arguments_file"))
    throw UsageError("--arguments and --arguments-file do not go together.");
  const fs::path directory =
      existing_directory(invocation.get("data_job_directory"), "DATA_JOB_DIRECTORY");
  if (invocation.has("isolated") && !is_isolated()) {
    throw UsageError("--isolated starts the program anew, which only the program vdk itself can.");
  }
  if (invocation.has("check")) return check_job(program, directory);
  try {
    return run_job_at(invocation, directory);
  } catch (...) {
    program.set_failure(std::current_exception());
    const Failure failure = describe_failure(program.failure());
    program.write_early_termination(termination_status(failure));
    print_error(program.host(), failure);
    return 1;
  }
}

}  // namespace

Command run_command() {
  return {
      .name = "run",
      .summary =
          "Run a data job: the .sql and .py files of a directory, in the order of their names.",
      .examples =
          "vdk run my-job\n"
          "vdk run my-job --arguments '{\"day\": \"2026-01-31\"}'\n"
          "vdk run my-job -c db_default_type=duckdb --from-step 30_load.py\n"
          "vdk run my-job --resume last\n"
          "vdk run my-job --isolated",
      .arguments = {{"data_job_directory", "DATA_JOB_DIRECTORY",
                     "The directory that holds the job's steps."}},
      .options =
          {{.names = "--arguments",
            .key = "arguments",
            .metavar = "TEXT",
            .help = "One JSON value; an object's members are parameters of SQL steps, and "
                    "job_input.get_arguments() returns it."},
           {.names = "--arguments-file",
            .key = "arguments_file",
            .metavar = "FILE",
            .help = "The same from a file, which other users need not be able to read."},
           {.names = "-c,--config",
            .key = "config",
            .metavar = "KEY=VALUE",
            .help = "Set a configuration value for this run. May be given many times.",
            .repeated = true},
           {.names = "--from-step",
            .key = "from_step",
            .metavar = "NAME",
            .help = "Start with this step; those before it do not run."},
           {.names = "--only-step",
            .key = "only_step",
            .metavar = "NAME",
            .help = "Run this step alone."},
           {.names = "--resume",
            .key = "resume",
            .metavar = "EXECUTION",
            .help = "Go on where this run ended (last: the latest): finished steps do not run "
                    "again, and rows that are stored already are not stored again."},
           {.names = "--isolated",
            .key = "isolated",
            .help = "Run in a Python environment of the job's own, made from its requirements.txt "
                    "and kept: the one that the Control Service would give it."},
           {.names = "--check",
            .key = "check",
            .help =
                "Parse every step and run nothing; names steps that would silently not run. SQL "
                "without parameters is read by the parser of SQLite or DuckDB, without tables."},
           {.names = "--events",
            .key = "events",
            .metavar = "FILE",
            .help = "Write the run's events as JSON lines; - is standard output."},
           {.names = "-D,--debug",
            .key = "debug",
            .help = "Kept for compatibility.",
            .hidden = true}},
      .run = run};
}

}  // namespace vdk
