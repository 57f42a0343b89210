// What the handlers share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/logs_url.hpp"
#include "executor/executor.hpp"
#include "http/router.hpp"
#include "source/archive.hpp"
#include "source/file_rules.hpp"
#include "store/database.hpp"
#include "store/secret_box.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

struct ApiSettings {
  std::string version;  // what `info` tells of the service
  std::vector<std::string> python_versions;
  std::string default_python_version;
  std::size_t json_limit = std::size_t{16} << 20U;  // of a body, in bytes
  std::size_t upload_limit = std::size_t{64} << 20U;
  ArchiveLimits archive_limits{};
  FileRules file_rules{};
  std::size_t secrets_limit = 1048576;  // of a job's secrets as JSON
  LogsUrl logs_url{};
};

// All of it outlives the routes; any thread may use it.
struct ApiContext {
  Database& database;
  const ApiSettings& settings;
  const SecretBox* secrets = nullptr;  // none: this service keeps none
  Executor* executor = nullptr;
  std::string node;  // this replica, which starts what is asked of it
  // Called after something was stored that others have to act on.
  std::function<void()> deployments_changed = [] {};
  std::function<void()> executions_changed = [] {};
  std::function<void()> sources_changed = [] {};
};

void add_job_routes(http::Router& router, const ApiContext& context);
void add_source_routes(http::Router& router, const ApiContext& context);
void add_deployment_routes(http::Router& router, const ApiContext& context);
void add_query_routes(http::Router& router, const ApiContext& context);
void add_execution_routes(http::Router& router, const ApiContext& context);
void add_secret_routes(http::Router& router, const ApiContext& context);
void add_property_routes(http::Router& router, const ApiContext& context);
void add_information_routes(http::Router& router, const ApiContext& context);
void add_documentation_routes(http::Router& router, const ApiContext& context);
// All of them. The OpenAPI document (service/pages/openapi.json) describes each.
void add_api_routes(http::Router& router, const ApiContext& context);

// Adds routes whose functions get the context, and whose errors are answers. Bodies are bounded by
// ApiSettings::json_limit.
struct RouteAdder {
  using Function = http::Response (*)(const ApiContext&, const http::Request&);

  http::Router& router;
  const ApiContext& context;

  void operator()(const char* method, const std::string& pattern, Function function,
                  http::Body body, const char* type = "application/json") const;
};

// What all routes begin with.
inline constexpr const char* kTeamPath = "/data-jobs/for-team/{team}";
inline constexpr const char* kJobPath = "/data-jobs/for-team/{team}/jobs/{job}";

// A query parameter that is true or false. Throws ApiError (400) where it is neither.
[[nodiscard]] bool flag_of(const http::Request& request, std::string_view name, bool otherwise);

// 200 with the value as JSON.
[[nodiscard]] http::Response json_answer(const Value& value);
// http://host/data-jobs/for-team/{team}/jobs/{job}, as the client addressed the service.
[[nodiscard]] std::string job_url(const http::Request& request, std::string_view team,
                                  std::string_view job);

}  // namespace vdk::service
