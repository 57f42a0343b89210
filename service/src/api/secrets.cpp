// Secrets of jobs, and the OAuth credentials of teams: stored encrypted, never logged.
#include <algorithm>

#include "api/context.hpp"
#include "api/errors.hpp"
#include "api/json_reader.hpp"
#include "base/text.hpp"

namespace vdk::service {

namespace {

const SecretBox& box_for_secrets(const ApiContext& context) {
  if (context.secrets != nullptr) return *context.secrets;
  throw ApiError(501, {.what = "This service keeps no secrets.",
                       .why = "It has no key to encrypt them with, or they are switched off.",
                       .consequence = "The request had no effect.",
                       .countermeasure = "Ask the operator to set 'vdk.service.secrets.key'."});
}

const SecretBox& box_for_teams(const ApiContext& context) {
  if (context.secrets == nullptr) throw EmptyAnswer(501);
  return *context.secrets;
}

// The size that upstream counts: compact JSON in which `</` is written with a backslash.
std::size_t stored_size(const Value& value) {
  if (const auto* list = value.if_list()) {
    std::size_t size = 2 + (list->empty() ? 0 : list->size() - 1);
    for (const auto& item : *list) size += stored_size(item);
    return size;
  }
  if (const auto* map = value.if_map()) {
    std::size_t size = 2 + (map->empty() ? 0 : map->size() - 1);
    for (const auto& member : *map) {
      size += stored_size(Value(member.key)) + 1 + stored_size(member.value);
    }
    return size;
  }
  const auto text = to_json(value);
  std::size_t size = text.size();
  for (auto at = text.find("</"); at != std::string::npos; at = text.find("</", at + 1)) ++size;
  return size;
}

void check_names(const http::Request& request) {
  for (const auto* name : {"team", "job"}) {
    const auto& value = request.parameter(name);
    if (trim(value).empty()) throw bad_parameter(name, "a name, in the path", value);
  }
}

// Sealed for the job alone: they move with it to another team.
std::string place_of(const std::string& job) { return "secrets of " + job; }

http::Response read_secrets(const ApiContext& context, const http::Request& request) {
  const auto& box = box_for_secrets(context);
  check_names(request);
  const auto& team = request.parameter("team");
  const auto& job = request.parameter("job");
  const auto found = context.database.read_one(
      "SELECT content FROM secret_set WHERE team = $1 AND job_name = $2", {team, job});
  if (found.rows.empty()) return json_answer(Value::Map{});
  return {.body = box.open(Blob{found.rows.front()[0].bytes()}, place_of(job)),
          .content_type = "application/json"};
}

http::Response replace_secrets(const ApiContext& context, const http::Request& request) {
  const auto body = parse_body(request.body);
  if (body.if_map() == nullptr) throw bad_json("The body has to be a JSON object.");
  const auto& box = box_for_secrets(context);
  check_names(request);
  if (stored_size(body) > context.settings.secrets_limit) {
    throw ApiError(413, {.what = "The secrets are larger than is allowed.",
                         .why = "As JSON they may have " +
                                std::to_string(context.settings.secrets_limit) + " bytes.",
                         .consequence = "Nothing was stored; the secrets are as they were.",
                         .countermeasure = "Store less."});
  }
  const auto& team = request.parameter("team");
  const auto& job = request.parameter("job");
  const auto sealed = box.seal(to_ascii_json(body), place_of(job));
  context.database.write([&](Connection& connection) {
    connection.run(
        "INSERT INTO secret_set (team, job_name, content, revision) VALUES ($1, $2, $3, 1) "
        "ON CONFLICT (team, job_name) DO UPDATE SET content = excluded.content, "
        "revision = secret_set.revision + 1",
        {team, job, sealed});
  });
  return {.status = 202};
}

http::Response read_credentials(const ApiContext& context, const http::Request& request) {
  const auto& box = box_for_teams(context);
  const auto& team = request.parameter("team");
  const auto found = context.database.read_one(
      "SELECT client_id, secret FROM team_credentials WHERE team = $1", {team});
  if (found.rows.empty()) return {.status = 404};
  const auto& row = found.rows.front();
  return json_answer(
      Value::Map{{"teamName", team},
                 {"clientId", row[0].text()},
                 {"clientSecret", box.open(Blob{row[1].bytes()}, "credentials " + team)}});
}

http::Response replace_credentials(const ApiContext& context, const http::Request& request) {
  const auto body = parse_body(request.body);
  const JsonReader reader(body, "");
  const auto id = reader.text("clientId").value_or("");
  const auto secret = reader.text("clientSecret").value_or("");
  const auto& box = box_for_teams(context);
  const auto& team = request.parameter("team");
  if (trim(team).empty()) throw bad_parameter("team", "a name, in the path", team);
  if (trim(id).empty()) throw bad_parameter("clientId", "text that is not blank", id);
  if (trim(secret).empty()) throw bad_parameter("clientSecret", "text that is not blank", "");
  const auto sealed = box.seal(secret, "credentials " + team);
  context.database.write([&](Connection& connection) {
    connection.run(
        "INSERT INTO team_credentials (team, client_id, secret) VALUES ($1, $2, $3) "
        "ON CONFLICT (team) DO UPDATE SET client_id = excluded.client_id, "
        "secret = excluded.secret",
        {team, id, sealed});
  });
  return {.status = 202};
}

http::Response read_client_id(const ApiContext& context, const http::Request& request) {
  box_for_teams(context);
  const auto& team = request.parameter("team");
  const auto found =
      context.database.read_one("SELECT client_id FROM team_credentials WHERE team = $1", {team});
  if (found.rows.empty()) return {.status = 404};
  return json_answer(Value::Map{{"teamName", team}, {"clientId", found.rows.front()[0].text()}});
}

// One answer for each id that is known, in the order of the question.
http::Response find_client_ids(const ApiContext& context, const http::Request& request) {
  const auto body = parse_body(request.body);
  const auto* ids = body.if_list();
  if (ids == nullptr) throw bad_json("The body has to be a list of strings.");
  for (const auto& id : *ids) {
    if (id.if_string() == nullptr) throw bad_json("The body has to be a list of strings.");
    if (id.if_string()->find('\0') != std::string::npos) throw bad_json("An id has a zero byte.");
  }
  box_for_teams(context);
  Value::List answers;
  context.database.read([&](Connection& connection) {
    answers.clear();
    for (const auto& id : *ids) {
      const auto found = connection.run(
          "SELECT team FROM team_credentials WHERE client_id = $1 ORDER BY team LIMIT 1",
          {*id.if_string()});
      if (found.rows.empty()) continue;
      answers.push_back(Value::Map{{"teamName", found.rows.front()[0].text()}, {"clientId", id}});
    }
  });
  return json_answer(std::move(answers));
}

}  // namespace

void add_secret_routes(http::Router& router, const ApiContext& context) {
  const RouteAdder add{router, context};
  using enum http::Body;
  const auto secrets = std::string(kJobPath) + "/deployments/{deployment}/secrets";
  add("GET", secrets, read_secrets, none);
  add("PUT", secrets, replace_secrets, json);
  const std::string team = "/data-jobs/teams/{team}/oauth-credentials";
  add("GET", team, read_credentials, none);
  add("PUT", team, replace_credentials, json);
  add("GET", team + "/client-id", read_client_id, none);
  add("POST", "/data-jobs/oauth-credentials/client-ids", find_client_ids, json);
}

}  // namespace vdk::service
