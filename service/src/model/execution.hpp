// One run of a deployment, from the request to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/deployment.hpp"
#include "model/time.hpp"

namespace vdk::service {

// The numbers are those of the database, and of upstream's.
enum class ExecutionStatus : std::uint8_t {
  submitted = 0,
  running = 1,
  succeeded = 2,
  cancelled = 4,
  skipped = 5,
  user_error = 6,
  platform_error = 7,
};
[[nodiscard]] std::string_view to_string(ExecutionStatus status) noexcept;  // as REST has it
[[nodiscard]] std::optional<ExecutionStatus> parse_execution_status(std::string_view name) noexcept;
// Nothing changes an execution that is final.
[[nodiscard]] constexpr bool is_final(ExecutionStatus status) noexcept {
  return status != ExecutionStatus::submitted && status != ExecutionStatus::running;
}

enum class ExecutionType : std::uint8_t { manual = 0, scheduled = 1 };

struct Execution {
  std::string id;
  std::string job_name;
  ExecutionType type = ExecutionType::manual;
  ExecutionStatus status = ExecutionStatus::submitted;
  std::optional<std::string> message;
  std::string op_id;
  std::optional<std::string> started_by;
  std::optional<std::string> arguments;  // JSON text
  std::optional<Time> start_time;
  std::optional<Time> end_time;
  std::optional<std::string> job_version;
  std::optional<std::string> python_version;
  std::optional<std::string> vdk_version;
  std::optional<std::string> schedule;
  Resources resources;
  std::optional<std::string> deployed_by;
  std::optional<Time> deployed_at;
  std::optional<std::string> environment;
  std::optional<std::string> node;
  int attempt = 1;
  bool is_cancel_requested = false;

  // The name of its current attempt for the executor.
  [[nodiscard]] std::string attempt_id() const { return id + "-" + std::to_string(attempt); }
};

}  // namespace vdk::service
