// What of a job shall run, and what does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/schedule.hpp"
#include "model/time.hpp"

namespace vdk::service {

// Cores and megabytes.
struct Resources {
  std::optional<double> cpu_request;
  std::optional<double> cpu_limit;
  std::optional<std::int64_t> memory_request;
  std::optional<std::int64_t> memory_limit;
};

// How far the synchroniser came with what was asked for last.
enum class DeploymentState {
  pending,         // accepted
  building,        // its environment is being made
  deployed,        // it runs as it was asked for
  user_error,      // it cannot be deployed as it is: `message` says why
  platform_error,  // something of ours failed; it is tried again
};
[[nodiscard]] std::string_view to_string(DeploymentState state) noexcept;
[[nodiscard]] DeploymentState parse_deployment_state(std::string_view name) noexcept;

struct DesiredDeployment {
  std::optional<std::string> version;
  std::optional<std::string> python_version;
  std::optional<std::string> vdk_version;
  std::optional<std::string> schedule;  // none: the one of the job's configuration
  Resources resources;
  bool enabled = true;
  std::optional<std::string> requested_by;
  bool send_notification = true;
};

// What the last successful synchronisation made.
struct ActualDeployment {
  std::string version;
  std::string python_version;
  std::optional<std::string> vdk_version;
  std::optional<std::string> schedule;
  ScheduleSettings schedule_settings{};
  Resources resources;
  std::string environment;
  std::optional<std::string> deployed_by;
  Time deployed_at;
};

struct Deployment {
  std::string job_name;
  std::int64_t generation = 0;
  DesiredDeployment desired;
  DeploymentState state = DeploymentState::pending;
  std::optional<std::string> message;
  std::optional<std::string> log;
  std::optional<ActualDeployment> actual;
};

}  // namespace vdk::service
