// What the handlers share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/router.hpp"
#include "store/database.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

struct ApiSettings {
  std::string version;  // what `info` tells of the service
  std::vector<std::string> python_versions;
  std::string default_python_version;
  std::size_t json_limit = 16 * 1024 * 1024;  // of a body, in bytes
};

// All of it outlives the routes; any thread may use it.
struct ApiContext {
  Database& database;
  const ApiSettings& settings;
};

void add_job_routes(http::Router& router, const ApiContext& context);
void add_property_routes(http::Router& router, const ApiContext& context);
void add_information_routes(http::Router& router, const ApiContext& context);

// What all routes begin with.
inline constexpr const char* team_path = "/data-jobs/for-team/{team}";
inline constexpr const char* job_path = "/data-jobs/for-team/{team}/jobs/{job}";

// 200 with the value as JSON.
[[nodiscard]] http::Response json_answer(const Value& value);
// http://host/data-jobs/for-team/{team}/jobs/{job}, as the client addressed the service.
[[nodiscard]] std::string job_url(const http::Request& request, std::string_view team,
                                  std::string_view job);

}  // namespace vdk::service
