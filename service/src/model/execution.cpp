#include "model/execution.hpp"

#include <array>
#include <utility>

namespace vdk::service {

namespace {

constexpr std::array<std::pair<ExecutionStatus, std::string_view>, 7> kStatusNames{{
    {ExecutionStatus::submitted, "submitted"},
    {ExecutionStatus::running, "running"},
    {ExecutionStatus::succeeded, "succeeded"},
    {ExecutionStatus::cancelled, "cancelled"},
    {ExecutionStatus::skipped, "skipped"},
    {ExecutionStatus::user_error, "user_error"},
    {ExecutionStatus::platform_error, "platform_error"},
}};

}  // namespace

std::string_view to_string(ExecutionStatus status) noexcept {
  for (const auto& [value, name] : kStatusNames) {
    if (value == status) return name;
  }
  return "platform_error";
}

std::optional<ExecutionStatus> parse_execution_status(std::string_view name) noexcept {
  for (const auto& [value, known] : kStatusNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace vdk::service
