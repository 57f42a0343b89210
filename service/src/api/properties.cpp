// Properties of jobs. They are the team's: a job need not be created yet, and nobody reads what
// another team stored for a job of the same name.
#include "api/context.hpp"
#include "api/errors.hpp"
#include "api/json_reader.hpp"
#include "base/text.hpp"
#include "store/property_store.hpp"

namespace vdk::service {

namespace {

void check_names(const http::Request& request) {
  if (trim(request.parameter("team")).empty() || trim(request.parameter("job")).empty()) {
    throw EmptyAnswer(404);
  }
}

http::Response read_properties(const ApiContext& context, const http::Request& request) {
  check_names(request);
  const auto content = context.database.read([&](Connection& connection) {
    return find_properties(connection, request.parameter("team"), request.parameter("job"));
  });
  return {.body = content.value_or("{}"), .content_type = "application/json"};
}

http::Response replace_properties(const ApiContext& context, const http::Request& request) {
  check_names(request);
  const auto body = parse_body(request.body);
  if (body.if_map() == nullptr) throw bad_json("The body has to be a JSON object.");
  // ASCII, because a string of JSON may hold what a store of text cannot.
  const auto content = to_ascii_json(body);
  context.database.write([&](Connection& connection) {
    put_properties(connection, request.parameter("team"), request.parameter("job"), content);
  });
  return {.status = 204};
}

}  // namespace

void add_property_routes(http::Router& router, const ApiContext& context) {
  const auto path = std::string(kJobPath) + "/deployments/{deployment}/properties";
  router.add({.method = "GET", .pattern = path, .handler = guarded([&context](const auto& r) {
                                                  return read_properties(context, r);
                                                })});
  router.add(
      {.method = "PUT",
       .pattern = path,
       .handler = guarded([&context](const auto& r) { return replace_properties(context, r); }),
       .body = http::Body::json,
       .body_limit = context.settings.json_limit});
}

}  // namespace vdk::service
