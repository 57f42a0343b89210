// Deployments in the database: what was asked for, and what was made of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/deployment.hpp"
#include "model/job.hpp"
#include "store/database.hpp"

namespace vdk::service {

[[nodiscard]] std::optional<Deployment> find_deployment(Connection& connection,
                                                        std::string_view job_name);

// What shall be from now on. Where only schedule, resources or being enabled change, that is done
// with it; otherwise the synchroniser has to make it so.
void put_deployment(Connection& connection, const Job& job, const DesiredDeployment& desired);

// False where there was none.
bool remove_deployment(Connection& connection, std::string_view job_name);

// One that waits for the synchroniser, or failed by no fault of the job's.
struct OpenDeployment {
  std::string job_name;
  std::int64_t generation = 0;
  bool has_failed = false;
};
[[nodiscard]] std::vector<OpenDeployment> open_deployments(Connection& connection);

// Both do nothing where something else was asked for in the meantime (`generation` says what the
// caller worked for), and say whether they did.
bool put_deployment_state(Connection& connection, std::string_view job_name,
                          std::int64_t generation, DeploymentState state,
                          const std::optional<std::string>& message,
                          const std::optional<std::string>& log);
bool complete_deployment(Connection& connection, std::string_view job_name, std::int64_t generation,
                         const ActualDeployment& actual, const std::optional<std::string>& log);

[[nodiscard]] std::string resources_text(const Resources& resources);
[[nodiscard]] Resources parse_resources(const std::optional<std::string>& text);

}  // namespace vdk::service
