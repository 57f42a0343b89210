// Deployments and executions as JSON.
#pragma once

#include <functional>

#include "api/json_reader.hpp"
#include "model/deployment.hpp"
#include "model/execution.hpp"
#include "model/job.hpp"

namespace vdk::service {

// What a body asks for; what it leaves out stays as it is.
struct DeploymentBody {
  std::optional<std::string> job_version;
  std::optional<std::string> python_version;
  std::optional<std::string> vdk_version;
  std::optional<std::string> schedule;
  std::optional<bool> enabled;
  Resources resources;
};

[[nodiscard]] DeploymentBody read_deployment(const Value& body);

// Of a deployment that runs.
[[nodiscard]] Value to_value(const Deployment& deployment, const Job& job);
// How far the last request came.
[[nodiscard]] Value progress_value(const Deployment& deployment);

[[nodiscard]] Value to_value(const Execution& execution, const std::string& logs_url);

}  // namespace vdk::service
