#include "model/deployment.hpp"

#include <array>
#include <utility>

namespace vdk::service {

namespace {

constexpr std::array<std::pair<DeploymentState, std::string_view>, 5> kStateNames{{
    {DeploymentState::pending, "pending"},
    {DeploymentState::building, "building"},
    {DeploymentState::deployed, "deployed"},
    {DeploymentState::user_error, "user_error"},
    {DeploymentState::platform_error, "platform_error"},
}};

}  // namespace

std::string_view to_string(DeploymentState state) noexcept {
  for (const auto& [value, name] : kStateNames) {
    if (value == state) return name;
  }
  return "pending";
}

DeploymentState parse_deployment_state(std::string_view name) noexcept {
  for (const auto& [value, known] : kStateNames) {
    if (known == name) return value;
  }
  return DeploymentState::pending;
}

}  // namespace vdk::service
