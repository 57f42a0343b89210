#include "api/context.hpp"

#include <fmt/format.h>

#include "api/errors.hpp"
#include "http/url.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

void RouteAdder::operator()(const char* method, const std::string& pattern, Function function,
                            http::Body body, const char* type) const {
  router.add({.method = method,
              .pattern = pattern,
              .handler = guarded([&api = context, function](const http::Request& request) {
                return function(api, request);
              }),
              .body = body,
              .body_limit = context.settings.json_limit,
              .produces = {type}});
}

http::Response json_answer(const Value& value) {
  return {.body = to_json(value), .content_type = "application/json"};
}

std::string job_url(const http::Request& request, std::string_view team, std::string_view job) {
  return fmt::format("{}://{}/data-jobs/for-team/{}/jobs/{}", request.is_secure ? "https" : "http",
                     request.header("Host").value_or("localhost"), http::encode_percent(team), job);
}

}  // namespace vdk::service
