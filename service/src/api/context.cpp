#include "api/context.hpp"

#include <fmt/format.h>

#include "api/errors.hpp"
#include "base/text.hpp"
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

bool flag_of(const http::Request& request, std::string_view name, bool otherwise) {
  const auto text = lower(request.query(name).value_or(""));
  if (text.empty()) return otherwise;
  for (const auto* yes : {"true", "on", "yes", "1"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"false", "off", "no", "0"}) {
    if (text == no) return false;
  }
  throw bad_parameter(name, "true or false", text);
}

http::Response json_answer(const Value& value) {
  return {.body = to_json(value), .content_type = "application/json"};
}

std::string job_url(const http::Request& request, std::string_view team, std::string_view job) {
  return fmt::format("{}://{}/data-jobs/for-team/{}/jobs/{}", request.is_secure ? "https" : "http",
                     request.header("Host").value_or("localhost"), http::encode_percent(team), job);
}

}  // namespace vdk::service
