// Executions: start, list, read, cancel.
#include <thread>

#include <fmt/format.h>

#include "api/context.hpp"
#include "api/deployment_json.hpp"
#include "api/errors.hpp"
#include "api/execution_request.hpp"
#include "base/text.hpp"
#include "store/deployment_store.hpp"
#include "store/execution_store.hpp"

namespace vdk::service {

namespace {

constexpr std::chrono::seconds kCancelGrace{30};
constexpr std::chrono::seconds kCancelWait{4};

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
    const auto job = job_in(connection, request);
    for (const auto& execution : list_executions(connection, job.name, statuses)) {
      values.push_back(to_value(execution, context.settings.logs_url.of(execution, job.team)));
    }
  });
  return json_answer(std::move(values));
}

http::Response read(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.read(
      [&](Connection& connection) { return execution_in(connection, request); });
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
    const auto job = job_in(connection, request);
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
    // A second names it, as it always did; two within one take the next, and so does one whose name
    // was that of an execution of a former job, which its attempt outlives.
    const auto is_at_hand = [&] {
      return context.executor != nullptr && context.executor->find(execution.attempt_id());
    };
    auto second = to_micros(*execution.start_time) / 1'000'000;
    do {
      execution.id = fmt::format("{}-{}", job.name, second++);
    } while (is_at_hand() || !insert_execution(connection, execution));
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
  const auto end = std::chrono::steady_clock::now() + kCancelWait;
  while (std::chrono::steady_clock::now() < end) {
    const auto found = context.database.read(
        [&](Connection& connection) { return find_execution(connection, id); });
    if (!found || is_final(found->status)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

http::Response cancel(const ApiContext& context, const http::Request& request) {
  const auto execution = context.database.write([&](Connection& connection) {
    auto found = execution_in(connection, request);
    if (!request_cancel(connection, found.id)) {
      throw ApiError(400, {.what = fmt::format("The execution '{}' cannot be cancelled.", found.id),
                           .why = fmt::format("It has ended: {}.", to_string(found.status)),
                           .consequence = "Nothing was changed.",
                           .countermeasure = "Cancel one that is submitted or running."});
    }
    return found;
  });
  if (context.executor != nullptr) context.executor->cancel(execution.attempt_id(), kCancelGrace);
  context.executions_changed();
  wait_for_end(context, execution.id);
  return {};
}

}  // namespace

void add_execution_routes(http::Router& router, const ApiContext& context) {
  const RouteAdder add{router, context};
  using enum http::Body;
  const std::string job = kJobPath;
  const auto of_deployment = job + "/deployments/{deployment}/executions";
  const auto one = job + "/executions/{execution}";
  add("GET", job + "/executions", list, none);
  add("GET", of_deployment, list, none);
  add("POST", of_deployment, start, json);
  add("GET", one, read, none);
  add("DELETE", one, cancel, none);
  add_execution_output_routes(router, context);
}

}  // namespace vdk::service
