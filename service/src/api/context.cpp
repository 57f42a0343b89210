#include "api/context.hpp"

#include <fmt/format.h>

#include "http/url.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

http::Response json_answer(const Value& value) {
  return {.body = to_json(value), .content_type = "application/json"};
}

std::string job_url(const http::Request& request, std::string_view team, std::string_view job) {
  return fmt::format("{}://{}/data-jobs/for-team/{}/jobs/{}", request.is_secure ? "https" : "http",
                     request.header("Host").value_or("localhost"), http::encode_percent(team), job);
}

}  // namespace vdk::service
