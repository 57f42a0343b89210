// What the service tells of itself: version, health, time.
#include "api/context.hpp"
#include "api/errors.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

http::Response read_info(const ApiContext& context, const http::Request&) {
  Value::List versions;
  for (const auto& version : context.settings.python_versions) versions.emplace_back(version);
  return json_answer(Value::Map{{"api_version", context.settings.version},
                                {"supported_python_versions", std::move(versions)}});
}

http::Response health(bool is_up, Value::Map components) {
  Value::Map body{{"status", is_up ? "UP" : "DOWN"}};
  if (!components.empty()) body.push_back({"components", std::move(components)});
  auto response = json_answer(std::move(body));
  response.status = is_up ? 200 : 503;
  return response;
}

http::Response read_health(const ApiContext& context, const http::Request&) {
  const bool is_up = context.database.is_healthy();
  Value::Map database{{"status", is_up ? "UP" : "DOWN"},
                      {"details", Value::Map{{"database", context.database.engine_name()}}}};
  return health(is_up, {{"db", std::move(database)}, {"ping", Value::Map{{"status", "UP"}}}});
}

// Alive is whoever answers; ready, whoever can also store.
http::Response read_liveness(const ApiContext&, const http::Request&) { return health(true, {}); }
http::Response read_readiness(const ApiContext& context, const http::Request&) {
  return health(context.database.is_healthy(), {});
}

http::Response read_server_time(const ApiContext&, const http::Request&) {
  return json_answer(to_log_time(std::chrono::system_clock::now()));
}
http::Response read_server_millis(const ApiContext&, const http::Request&) {
  return json_answer(to_micros(now()) / 1000);
}
http::Response echo(const ApiContext&, const http::Request&) { return {}; }
http::Response report(const ApiContext&, const http::Request&) { return {.status = 202}; }
http::Response nothing(const ApiContext&, const http::Request&) {
  return json_answer(Value::Map{});
}

}  // namespace

void add_information_routes(http::Router& router, const ApiContext& context) {
  const auto get = [&](const std::string& pattern, auto function) {
    router.add({.method = "GET",
                .pattern = pattern,
                .handler = guarded([&context, function](const http::Request& request) {
                  return function(context, request);
                })});
  };
  const std::string debug = "/data-jobs/debug";
  get(std::string(kTeamPath) + "/info", read_info);
  get(debug + "/health", read_health);
  get(debug + "/health/liveness", read_liveness);
  get(debug + "/health/readiness", read_readiness);
  get(debug + "/info", nothing);
  get(debug + "/servertime", read_server_time);
  get(debug + "/servertime-millis", read_server_millis);
  get(debug + "/echo/{message}", echo);
  get(debug + "/report/{message}", report);
}

}  // namespace vdk::service
