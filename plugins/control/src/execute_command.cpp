// execute: start, cancel and watch executions of a deployed job.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "commands.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "vdk/base/error.hpp"

namespace vdk::control {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPause = 500ms;  // between two looks at what runs

std::string execution_path(const JobName& job, const std::string& id) {
  return job_path(job) + "/executions/" + url_encoded(id);
}

bool is_over(const Value& execution) {
  const std::string status = text_at(execution, "status");
  return status != "submitted" && status != "running";
}

int exit_code_of(const Value& execution) {
  const std::string status = text_at(execution, "status");
  return status == "succeeded" || status == "skipped" ? 0 : 1;
}

Value parse_arguments(const Invocation& invocation) {
  if (!invocation.has("arguments") || invocation.get("arguments").empty()) {
    return Value(Value::Map{});
  }
  const auto refuse = [](const std::string& why) {
    return user_error({.what = "The arguments of the execution are not valid.",
                       .why = why,
                       .consequence = "Nothing was started.",
                       .countermeasure = R"(Give a JSON object: --arguments '{"key": "value"}')"});
  };
  Value arguments;
  try {
    arguments = parse_json(invocation.get("arguments"));
  } catch (const Error& error) {
    throw refuse(error.what());
  }
  if (arguments.if_map() == nullptr) throw refuse("They are no JSON object.");
  return arguments;
}

std::string start(Invocation& invocation, Service& service, const JobName& job) {
  const Value body(
      Value::Map{{"started_by", "manual/vdk-control-cli"}, {"args", parse_arguments(invocation)}});
  const HttpAnswer answer =
      service.post(job_path(job) + "/deployments/production/executions", body);
  const std::string location = answer.header("location");
  const std::string id = location.substr(location.rfind('/') + 1);
  if (id.empty()) {
    throw platform_error(
        {.what = "The service does not say which execution it started.",
         .why = "Its answer has no Location.",
         .consequence = "The job may run now.",
         .countermeasure = "See its executions: vdk execute --list -n " + job.name});
  }
  return id;
}

// The execution that was named, or else the latest one.
std::string wanted_execution(Invocation& invocation, Service& service, const JobName& job) {
  if (invocation.has("execution_id")) return invocation.get("execution_id");
  const Value executions = service.get_json(job_path(job) + "/executions");
  const Value::List* list = executions.if_list();
  if (list == nullptr || list->empty()) {
    throw user_error({.what = "The job " + job.name + " was never executed.",
                      .countermeasure = "Start it: vdk execute --start -n " + job.name});
  }
  const auto latest = std::ranges::max_element(
      *list, {}, [](const Value& execution) { return text_at(execution, "start_time"); });
  return text_at(*latest, "id");
}

// The execution that was named, or else the one that runs: a job runs once at a time.
std::string execution_at_work(const Invocation& invocation, Service& service, const JobName& job) {
  if (invocation.has("execution_id")) return invocation.get("execution_id");
  const Value executions =
      service.get_json(job_path(job) + "/executions", {{"execution_status", "submitted,running"}});
  const Value::List* list = executions.if_list();
  if (list == nullptr || list->empty()) {
    throw user_error({.what = "The job " + job.name + " does not run.",
                      .consequence = "Nothing was cancelled.",
                      .countermeasure = "See its executions: vdk execute --list -n " + job.name});
  }
  return text_at(list->front(), "id");
}

Value read(Service& service, const JobName& job, const std::string& id) {
  return service.get_json(execution_path(job, id));
}

// An execution goes on without the service, which may be away for a while.
Value read_patiently(Service& service, const JobName& job, const std::string& id) {
  constexpr int kMostFailures = 30;
  for (int failures = 0;; ++failures) {
    try {
      return read(service, job, id);
    } catch (const Error& error) {
      if (error.resolvable_by() != ResolvableBy::platform || failures == kMostFailures) throw;
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::string read_log(Service& service, const JobName& job, const std::string& id,
                     const Service::Query& query = {}) {
  return text_at(service.get_json(execution_path(job, id) + "/logs", query), "logs");
}

Value wait(Service& service, const JobName& job, const std::string& id) {
  for (;;) {
    Value execution = read_patiently(service, job, id);
    if (is_over(execution)) return execution;
    std::this_thread::sleep_for(kPause);
  }
}

// A log as it is printed: how much of it was shown.
class LogFollower {
 public:
  LogFollower(Invocation& invocation, Service& service, std::string path)
      : invocation_(invocation), service_(service), path_(std::move(path)) {}

  // Prints what the log has from where it was left, until it ends or the connection does. Throws
  // Error (platform) in the second case.
  void follow() {
    bool is_first = true;
    const HttpAnswer answer =
        service_.stream(path_, {{"follow", "true"}, {"offset", std::to_string(shown_)}},
                        [&](const HttpAnswer& so_far, std::string_view bytes) {
                          // A log that begins later lost its beginning; one that ends earlier is a
                          // new one.
                          const std::string offset = so_far.header("x-log-offset");
                          if (std::exchange(is_first, false)) {
                            std::from_chars(offset.data(), offset.data() + offset.size(), shown_);
                          }
                          invocation_.print(bytes);
                          shown_ += static_cast<std::int64_t>(bytes.size());
                        });
    if (!answer.body.empty()) show_whole(text_at(parse_json(answer.body), "logs"));
  }

 private:
  // A service that knows no following gives all of the log each time.
  void show_whole(std::string log) {
    if (!log.empty() && !log.ends_with('\n')) log += '\n';
    // What became shorter was cut off at its beginning: what is left is told again.
    if (std::cmp_less(log.size(), shown_)) shown_ = 0;
    invocation_.print(std::string_view(log).substr(static_cast<std::size_t>(shown_)));
    shown_ = static_cast<std::int64_t>(log.size());
  }

  Invocation& invocation_;
  Service& service_;
  const std::string path_;
  std::int64_t shown_ = 0;  // in bytes of the log
};

// Prints the log as it grows, until the execution is over.
Value follow(Invocation& invocation, Service& service, const JobName& job, const std::string& id) {
  LogFollower log(invocation, service, execution_path(job, id) + "/logs");
  for (;;) {
    // In this order: what the job said last is in the log that is read after its end.
    Value execution = read_patiently(service, job, id);
    try {
      log.follow();
    } catch (const Error& error) {
      // It is taken up again where it broke off.
      if (error.resolvable_by() != ResolvableBy::platform || is_over(execution)) throw;
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (is_over(execution)) return execution;
    std::this_thread::sleep_for(kPause);
  }
}

int tell_end(Invocation& invocation, Printer& printer, const Value& execution) {
  if (printer.is_json()) {
    printer.map(execution);
  } else {
    invocation.print_error("The execution " + text_at(execution, "id") +
                           " ended: " + text_at(execution, "status") + ". " +
                           text_at(execution, "message") + '\n');
  }
  return exit_code_of(execution);
}

void tell_start(Printer& printer, const JobName& job, const std::string& id) {
  const std::string rest = " -i " + id + " -n " + job.name + " -t '" + job.team + "'";
  printer.say("Started the execution " + id + " of " + job.name +
              ".\nSee its status: vdk execute "
              "--show" +
              rest + "\nFollow its log: vdk execute --logs --follow" + rest);
}

Value with_only(const Value& execution) {
  Value row(Value::Map{});
  for (const char* key : {"id", "job_name", "status", "type", "start_time", "end_time",
                          "started_by", "message", "op_id", "logs_url"}) {
    const Value* value = execution.find(key);
    row.set(key, value != nullptr ? *value : Value());
  }
  return row;
}

void print_executions(Printer& printer, const std::vector<Value>& executions) {
  if (printer.is_json()) {
    printer.table(executions);
    return;
  }
  std::vector<Value> rows;
  for (const Value& execution : executions) rows.push_back(with_only(execution));
  printer.table(rows);
}

}  // namespace

int execute(Invocation& invocation) {
  Printer printer(invocation);
  const bool follows = invocation.has("follow");
  const bool known = std::ranges::any_of(
      std::vector<std::string>{"start", "cancel", "list", "show", "logs", "wait", "follow"},
      [&invocation](const std::string& key) { return invocation.has(key); });
  if (!known) {
    throw UsageError(
        "Say what to do: --start, --cancel, --list, --show, --logs, --wait or "
        "--follow.");
  }
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  if (invocation.has("start")) {
    const std::string id = start(invocation, service, job);
    if (follows || invocation.has("wait")) {
      invocation.print_error("Started the execution " + id + ".\n");
      const Value end = follows && !printer.is_json() ? follow(invocation, service, job, id)
                                                      : wait(service, job, id);
      return tell_end(invocation, printer, end);
    }
    if (printer.is_json()) {
      printer.map(
          Value(Value::Map{{"job_name", job.name}, {"team", job.team}, {"execution_id", id}}));
    }
    tell_start(printer, job, id);
    return 0;
  }
  if (invocation.has("cancel")) {
    const std::string id = execution_at_work(invocation, service, job);
    service.erase(execution_path(job, id));
    if (printer.is_json()) {
      printer.map(
          Value(Value::Map{{"job_name", job.name}, {"execution_id", id}, {"cancelled", true}}));
    }
    printer.say("Job cancelled successfully.");
    return 0;
  }
  if (invocation.has("list")) {
    const Value executions = service.get_json(job_path(job) + "/executions");
    const Value::List* list = executions.if_list();
    print_executions(printer, list != nullptr ? *list : std::vector<Value>{});
    return 0;
  }
  if (invocation.has("show")) {
    const std::string id =
        wanted(invocation, "execution_id", "'-i' / '--execution-id'", "Job Execution ID");
    print_executions(printer, {read(service, job, id)});
    return 0;
  }
  const std::string id = wanted_execution(invocation, service, job);
  if (follows && !printer.is_json()) {
    return tell_end(invocation, printer, follow(invocation, service, job, id));
  }
  if (invocation.has("wait") || follows) {
    return tell_end(invocation, printer, wait(service, job, id));
  }
  Service::Query query;
  if (invocation.has("tail")) query.emplace_back("tail_lines", invocation.get("tail"));
  const std::string log = read_log(service, job, id, query);
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"execution_id", id}, {"logs", log}}));
  } else {
    invocation.print(log.empty() || log.ends_with('\n') ? log : log + '\n');
  }
  return 0;
}

}  // namespace vdk::control
