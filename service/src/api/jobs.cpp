// Jobs: create, read, update, delete, change the team, keytab.
#include <fmt/format.h>

#include "api/context.hpp"
#include "api/errors.hpp"
#include "api/job_json.hpp"
#include "base/text.hpp"
#include "store/job_store.hpp"

namespace vdk::service {

namespace {

void check_name(const std::optional<std::string>& name) {
  if (!name) throw bad_parameter("job_name", "the name of the data job", "null");
  if (!is_job_name(*name)) {
    throw bad_parameter("job_name",
                        "6 to 50 lower-case letters, digits and dashes, beginning with a letter "
                        "and not ending with a dash",
                        *name);
  }
}

http::Response create_job(const ApiContext& context, const http::Request& request) {
  const auto body = read_job(parse_body(request.body));
  check_name(body.name);
  const auto wanted = request.query("name").value_or("");
  if (!trim(wanted).empty() && wanted != *body.name) {
    throw bad_parameter("job_name", "the same as the query parameter 'name'", *body.name);
  }
  const auto& team = request.parameter("team");
  if (trim(team).empty()) throw bad_parameter("team", "a name, in the path", team);
  if (body.team && *body.team != team) {
    throw bad_parameter("team", "the same as the team in the path", *body.team);
  }
  const Job job{.name = *body.name,
                .team = team,
                .description = body.description,
                .config = body.config,
                .has_keytab = body.config.generate_keytab};
  const bool is_new =
      context.database.write([&](Connection& connection) { return insert_job(connection, job); });
  if (!is_new) return {.status = 409};
  return {.status = 201, .headers = {{"Location", job_url(request, team, job.name)}}};
}

http::Response read_job_of(const ApiContext& context, const http::Request& request) {
  const auto job = find_job(context.database, request.parameter("team"), request.parameter("job"));
  return job ? json_answer(to_value(*job)) : http::Response{.status = 404};
}

http::Response update_job_of(const ApiContext& context, const http::Request& request) {
  const auto body = read_job(parse_body(request.body));
  if (body.name != request.parameter("job")) {
    throw bad_parameter("job_name", "the same as the name in the path", body.name.value_or("null"));
  }
  context.database.write([&](Connection& connection) {
    auto job = find_job(connection, request.parameter("team"), request.parameter("job"));
    if (!job) throw EmptyAnswer(404);
    if (body.team && *body.team != job->team) {
      throw ApiError(
          400, {.what = "'team' has a value that cannot be accepted.",
                .why = fmt::format("The job belongs to '{}', and this request, which says '{}', "
                                   "does not change that.",
                                   job->team, *body.team),
                .consequence = "The request was refused; nothing was changed.",
                .countermeasure = fmt::format("Leave 'team' out, or change it first by PUT "
                                              "/data-jobs/for-team/{}/jobs/{}/team/NEW_TEAM.",
                                              job->team, job->name)});
    }
    job->description = body.description;
    job->config = body.config;
    update_job(connection, *job);
  });
  return {};
}

http::Response delete_job_of(const ApiContext& context, const http::Request& request) {
  context.database.write([&](Connection& connection) {
    const auto job = find_job(connection, request.parameter("team"), request.parameter("job"));
    if (!job) throw EmptyAnswer(404);
    delete_job(connection, *job);
  });
  return {};
}

http::Response change_team(const ApiContext& context, const http::Request& request) {
  const auto& team = request.parameter("new_team");
  if (trim(team).empty()) return {.status = 404};
  context.database.write([&](Connection& connection) {
    const auto job = find_job(connection, request.parameter("team"), request.parameter("job"));
    if (!job) throw EmptyAnswer(404);
    move_job(connection, *job, team);
  });
  return {};
}

// Where no Kerberos stands behind it, the file is there and empty: clients want to have it.
http::Response read_keytab(const ApiContext& context, const http::Request& request) {
  const auto job = find_job(context.database, request.parameter("team"), request.parameter("job"));
  if (!job || !job->has_keytab) return {.status = 404};
  return {.content_type = request.accepted_type};
}

}  // namespace

void add_job_routes(http::Router& router, const ApiContext& context) {
  const auto bind = [&context](auto function) {
    return guarded(
        [&context, function](const http::Request& request) { return function(context, request); });
  };
  const auto limit = context.settings.json_limit;
  const std::string job = kJobPath;
  router.add({.method = "POST",
              .pattern = std::string(kTeamPath) + "/jobs",
              .handler = bind(create_job),
              .body = http::Body::json,
              .body_limit = limit});
  router.add({.method = "GET", .pattern = job, .handler = bind(read_job_of)});
  router.add({.method = "DELETE", .pattern = job, .handler = bind(delete_job_of)});
  router.add({.method = "PUT",
              .pattern = job,
              .handler = bind(update_job_of),
              .body = http::Body::json,
              .body_limit = limit});
  router.add({.method = "PUT", .pattern = job + "/team/{new_team}", .handler = bind(change_team)});
  router.add({.method = "GET",
              .pattern = job + "/keytab",
              .handler = bind(read_keytab),
              .produces = {"application/octet-stream", "application/json"}});
}

}  // namespace vdk::service
