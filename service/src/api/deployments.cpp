// Deployments: what is asked for is stored and accepted; the synchroniser makes it so.
#include <algorithm>

#include <fmt/format.h>

#include "api/context.hpp"
#include "api/deployment_json.hpp"
#include "api/errors.hpp"
#include "api/job_json.hpp"
#include "base/text.hpp"
#include "schedule/cron.hpp"
#include "store/deployment_store.hpp"
#include "store/job_store.hpp"
#include "store/source_store.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

Job job_of(Connection& connection, const http::Request& request) {
  auto job = find_job(connection, request.parameter("team"), request.parameter("job"));
  if (!job) throw EmptyAnswer(404);
  return *job;
}

// The query's mode is one of two words, and means nothing; a mistake in it is still one.
void check_mode(const http::Request& request) {
  const auto mode = request.query("mode");
  if (!mode || mode->empty()) return;
  const auto word = lower(*mode);
  if (word != "testing" && word != "release") {
    throw bad_parameter("mode", "'testing' or 'release'", *mode);
  }
}

void check_python(const ApiContext& context, const DeploymentBody& body) {
  const auto& known = context.settings.python_versions;
  if (!body.python_version || std::ranges::find(known, *body.python_version) != known.end()) return;
  throw ApiError(409,
                 {.what = fmt::format("There is no Python '{}' here.", *body.python_version),
                  .why = fmt::format("The service has these versions: {}.", join(known, ", ")),
                  .consequence = "Nothing is deployed; what was deployed stays.",
                  .countermeasure = "Name one of them as python_version in the job's config.ini."});
}

// What upstream lets pass and what not, to the letter.
void check_resources(const DeploymentBody& body) {
  const auto& r = body.resources;
  if (!r.cpu_request && !r.cpu_limit && !(r.memory_request && r.memory_limit)) return;
  throw ApiError(400, {.what = "A deployment cannot set the resources of its job.",
                       .why = "How much a job may use is the operator's to say.",
                       .consequence = "Nothing is deployed; what was deployed stays.",
                       .countermeasure = "Leave 'resources' out."});
}

void check_schedule(const DeploymentBody& body) {
  if (!body.schedule || trim(*body.schedule).empty()) return;
  try {
    static_cast<void>(Cron::parse(*body.schedule));
  } catch (const Error& error) {
    throw ApiError(400, error.text());
  }
}

DeploymentBody checked_body(const ApiContext& context, const http::Request& request) {
  auto body = read_deployment(parse_body(request.body));
  check_python(context, body);
  check_resources(body);
  check_schedule(body);
  return body;
}

template <typename T>
void take(std::optional<T>& target, const std::optional<T>& given) {
  if (given) target = given;
}

// What the body says counts, everything else stays as it was.
DesiredDeployment merge(DesiredDeployment desired, const DeploymentBody& body) {
  take(desired.version, body.job_version);
  take(desired.python_version, body.python_version);
  take(desired.vdk_version, body.vdk_version);
  take(desired.schedule, body.schedule);
  take(desired.resources.memory_request, body.resources.memory_request);
  take(desired.resources.memory_limit, body.resources.memory_limit);
  if (body.enabled) desired.enabled = *body.enabled;
  return desired;
}

http::Response list(const ApiContext& context, const http::Request& request) {
  check_mode(request);
  Value::List deployments;
  context.database.read([&](Connection& connection) {
    deployments.clear();
    const auto job = job_of(connection, request);
    const auto found = find_deployment(connection, job.name);
    if (found && found->actual) deployments.push_back(to_value(*found, job));
  });
  return json_answer(std::move(deployments));
}

http::Response read(const ApiContext& context, const http::Request& request) {
  return context.database.read([&](Connection& connection) -> http::Response {
    const auto job = job_of(connection, request);
    const auto found = find_deployment(connection, job.name);
    if (!found || !found->actual) return {.status = 404};
    return json_answer(to_value(*found, job));
  });
}

http::Response read_status(const ApiContext& context, const http::Request& request) {
  return context.database.read([&](Connection& connection) -> http::Response {
    const auto job = job_of(connection, request);
    const auto found = find_deployment(connection, job.name);
    if (!found) return {.status = 404};
    return json_answer(progress_value(*found));
  });
}

http::Response post(const ApiContext& context, const http::Request& request) {
  const bool notify = flag_of(request, "send_notification", true);
  const auto body = checked_body(context, request);
  context.database.write([&](Connection& connection) {
    const auto job = job_of(connection, request);
    const auto current = find_deployment(connection, job.name);
    auto before = current ? current->desired : DesiredDeployment{};
    // A version of VDK was chosen for one version of Python.
    if (current && body.python_version && body.python_version != before.python_version) {
      before.vdk_version.reset();
    }
    auto desired = merge(std::move(before), body);
    if (!desired.version) desired.version = job.source_version;
    if (!desired.python_version) desired.python_version = context.settings.default_python_version;
    desired.send_notification = notify;
    put_deployment(connection, job, desired);
  });
  context.deployments_changed();
  return {.status = 202};
}

void check_is_same(std::string_view name, const std::optional<std::string>& given,
                   const std::optional<std::string>& current) {
  if (!given || given == current) return;
  throw ApiError(400, {.what = fmt::format("'{}' has a value that cannot be accepted.", name),
                       .why = fmt::format("PATCH leaves it as it is, which is '{}'; the request "
                                          "says '{}'.",
                                          current.value_or("not set"), *given),
                       .consequence = "The request was refused; nothing was changed.",
                       .countermeasure = "Deploy it with POST."});
}

http::Response patch(const ApiContext& context, const http::Request& request) {
  const auto body = checked_body(context, request);
  context.database.write([&](Connection& connection) {
    const auto job = job_of(connection, request);
    const auto current = find_deployment(connection, job.name);
    if (!current) throw not_deployed(job.name);
    check_is_same("job_version", body.job_version, current->desired.version);
    check_is_same("python_version", body.python_version, current->desired.python_version);
    put_deployment(connection, job, merge(current->desired, body));
  });
  context.deployments_changed();
  return {.status = 202};
}

http::Response remove(const ApiContext& context, const http::Request& request) {
  context.database.write([&](Connection& connection) {
    remove_deployment(connection, job_of(connection, request).name);
  });
  context.deployments_changed();
  return {.status = 202};
}

}  // namespace

void add_deployment_routes(http::Router& router, const ApiContext& context) {
  const RouteAdder add{router, context};
  using enum http::Body;
  const auto all = std::string(kJobPath) + "/deployments";
  const auto one = all + "/{deployment}";
  add("GET", all, list, none);
  add("POST", all, post, json);
  add("DELETE", one, remove, none);
  add("GET", one, read, none);
  add("PATCH", one, patch, json);
  add("GET", one + "/status", read_status, none);
}

}  // namespace vdk::service
