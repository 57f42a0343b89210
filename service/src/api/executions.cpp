// Executions: start, list, read, cancel, logs.
#include <charconv>
#include <thread>

#include <fmt/format.h>

#include "api/context.hpp"
#include "api/deployment_json.hpp"
#include "api/errors.hpp"
#include "base/text.hpp"
#include "http/url.hpp"
#include "store/deployment_store.hpp"
#include "store/execution_store.hpp"
#include "store/job_store.hpp"

namespace vdk::service {

namespace {

constexpr std::chrono::seconds cancel_grace{30};
constexpr std::chrono::seconds cancel_wait{4};
constexpr std::int64_t log_limit = std::int64_t{64} << 20;

Job job_of(Connection& connection, const http::Request& request) {
  const auto& name = request.parameter("job");
  auto job = find_job(connection, request.parameter("team"), name);
  if (!job) throw no_such_job(name);
  return *job;
}

ApiError no_such_execution(std::string_view id) {
  return {404,
          {.what = fmt::format("There is no execution '{}' of this job.", id),
           .why = "It was never started, or is so old that it is no longer kept.",
           .consequence = "The request had no effect.",
           .countermeasure = "Look at the job's executions and name one of them."}};
}

Execution execution_of(Connection& connection, const http::Request& request) {
  const auto job = job_of(connection, request);
  const auto& id = request.parameter("execution");
  auto found = find_execution(connection, job.name, id);
  if (!found) throw no_such_execution(id);
  return *found;
}

std::set<ExecutionStatus> wanted_statuses(const http::Request& request) {
  std::set<ExecutionStatus> statuses;
  for (const auto& [key, value] : request.url.query) {
    if (key != "execution_status") continue;
    for (const auto& word : split_list(value)) {
      const auto status = parse_execution_status(word);
      if (!status) {
        throw ApiError(404, {.what = fmt::format("There is no execution status '{}'.", word),
                             .why = "The statuses are submitted, running, succeeded, cancelled, "
                                    "skipped, user_error and platform_error.",
                             .consequence = "Nothing is listed.",
                             .countermeasure = "Filter by one or several of them."});
      }
      statuses.insert(*status);
    }
  }
  return statuses;
}

http::Response list(const ApiContext& context, const http::Request& request) {
  const auto statuses = wanted_statuses(request);
  Value::List values;
  context.database.read([&](Connection& connection) {
    values.clear();
    const auto job = job_of(connection, request);
    for (const auto& execution : list_executions(connection, job.name, statuses)) {
      values.push_back(to_value(execution, context.settings.logs_url.of(execution, job.team)));
    }
  });
  return json_answer(std::move(values));
}

http::Response read(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_of(connection, request); });
  return json_answer(
      to_value(execution, context.settings.logs_url.of(execution, request.parameter("team"))));
}

struct StartBody {
  std::optional<std::string> started_by;
  std::optional<std::string> arguments;
};

StartBody read_start(const std::string& text) {
  const auto body = parse_body(text);
  const JsonReader reader(body, "");
  StartBody result{.started_by = reader.text("started_by")};
  if (const auto* arguments = reader.map("args")) result.arguments = to_ascii_json(*arguments);
  if (result.started_by && result.started_by->empty()) result.started_by.reset();
  return result;
}

http::Response start(const ApiContext& context, const http::Request& request) {
  const auto body = read_start(request.body);
  const auto id = context.database.write([&](Connection& connection) {
    const auto job = job_of(connection, request);
    const auto deployment = find_deployment(connection, job.name);
    if (!deployment || !deployment->actual) throw not_deployed(job.name);
    if (has_open_execution(connection, job.name)) {
      throw ApiError(409, {.what = fmt::format("The data job '{}' is running.", job.name),
                           .why = "A job runs once at a time.",
                           .consequence = "Nothing was started; the execution at work goes on.",
                           .countermeasure = "Wait for its end or cancel it, then start again."});
    }
    auto execution = new_execution(job.name, *deployment->actual);
    execution.op_id = request.op_id;
    if (body.started_by) execution.started_by = *body.started_by + "/null";
    execution.arguments = body.arguments;
    execution.start_time = now();
    execution.node = context.node;
    // A second names it, as it always did; two within one take the next.
    auto second = to_micros(*execution.start_time) / 1'000'000;
    do {
      execution.id = fmt::format("{}-{}", job.name, second++);
    } while (!insert_execution(connection, execution));
    return execution.id;
  });
  context.executions_changed();
  return {.status = 202,
          .headers = {{"Location", fmt::format("{}/executions/{}",
                                               job_url(request, request.parameter("team"),
                                                       request.parameter("job")),
                                               id)}}};
}

// The answer waits a little for the end, so that whoever asks next is told of it.
void wait_for_end(const ApiContext& context, const std::string& id) {
  const auto end = std::chrono::steady_clock::now() + cancel_wait;
  while (std::chrono::steady_clock::now() < end) {
    const auto found = context.database.read(
        [&](Connection& connection) { return find_execution(connection, id); });
    if (!found || is_final(found->status)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

http::Response cancel(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.write([&](Connection& connection) {
    auto found = execution_of(connection, request);
    if (!request_cancel(connection, found.id)) {
      throw ApiError(400, {.what = fmt::format("The execution '{}' cannot be cancelled.", found.id),
                           .why = fmt::format("It has ended: {}.", to_string(found.status)),
                           .consequence = "Nothing was changed.",
                           .countermeasure = "Cancel one that is submitted or running."});
    }
    return found;
  });
  if (context.executor != nullptr) context.executor->cancel(execution.attempt_id(), cancel_grace);
  context.executions_changed();
  wait_for_end(context, execution.id);
  return {};
}

std::int64_t tail_lines(const http::Request& request) {
  const auto text = request.query("tail_lines").value_or("");
  if (text.empty()) return 0;
  std::int32_t lines = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw bad_parameter("tail_lines", "an integer of 32 bits", text);
  }
  return lines;
}

class LogStream : public http::BodyStream {
 public:
  LogStream(Executor& executor, std::string attempt_id, Output output, std::int64_t offset)
      : executor_(executor), attempt_id_(std::move(attempt_id)), output_(output), offset_(offset) {}
  std::optional<std::string> next() override {
    if (is_complete_) return std::nullopt;
    auto part = executor_.read(attempt_id_, output_, {.offset = offset_});
    offset_ = part.next();
    is_complete_ = part.complete;
    if (is_complete_ && part.text.empty()) return std::nullopt;
    return std::move(part.text);
  }

 private:
  Executor& executor_;
  const std::string attempt_id_;
  const Output output_;
  std::int64_t offset_;
  bool is_complete_ = false;
};

http::Response follow(const ApiContext& context, const Execution& execution, Output output) {
  return {
      .content_type = output == Output::log ? "text/plain; charset=utf-8" : "application/x-ndjson",
      .stream = std::make_shared<LogStream>(*context.executor, execution.attempt_id(), output, 0)};
}

http::Response read_logs(const ApiContext& context, const http::Request& request) {
  const auto lines = tail_lines(request);
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_of(connection, request); });
  if (context.executor == nullptr) return json_answer(Value::Map{{"logs", ""}});
  if (request.query("follow") == "true") return follow(context, execution, Output::log);
  auto text = context.executor
                  ->read(execution.attempt_id(), Output::log,
                         {.tail_lines = std::max<std::int64_t>(lines, 0), .max_bytes = log_limit})
                  .text;
  while (text.ends_with('\n')) text.pop_back();
  // What a run wrote may be in any encoding; JSON is UTF-8.
  return json_answer(Value::Map{{"logs", http::to_utf8(text)}});
}

http::Response read_events(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_of(connection, request); });
  if (context.executor == nullptr) return {.status = 404};
  return follow(context, execution, Output::events);
}

}  // namespace

void add_execution_routes(http::Router& router, const ApiContext& context) {
  const RouteAdder add{router, context};
  using enum http::Body;
  const std::string job = job_path;
  const auto of_deployment = job + "/deployments/{deployment}/executions";
  const auto one = job + "/executions/{execution}";
  add("GET", job + "/executions", list, none);
  add("GET", of_deployment, list, none);
  add("POST", of_deployment, start, json);
  add("GET", one, read, none);
  add("DELETE", one, cancel, none);
  add("GET", one + "/logs", read_logs, none);
  add("GET", one + "/events", read_events, none, "application/x-ndjson");
}

}  // namespace vdk::service
