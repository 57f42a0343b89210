#include "reconcile/conclusion.hpp"

#include <fmt/format.h>

#include "store/execution_store.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr int kAttemptLimit = 3;
// Being interrupted says nothing against an execution, unless it is its start that ends services.
constexpr int kInterruptionLimit = 20;

bool is_worth_another(const Execution& execution, const Ending& ending) {
  if (execution.is_cancel_requested) return false;
  if (ending.cause == Cause::interrupted) return execution.attempt < kInterruptionLimit;
  return ending.cause == Cause::not_started && execution.attempt < kAttemptLimit;
}

ExecutionStatus status_of(const Execution& execution, const Ending& ending) {
  const bool never_ran = ending.cause == Cause::interrupted || ending.cause == Cause::not_started;
  if (never_ran && execution.is_cancel_requested) return ExecutionStatus::cancelled;
  switch (verdict(ending)) {
    case Verdict::succeeded:
      return ExecutionStatus::succeeded;
    case Verdict::user_error:
      return ExecutionStatus::user_error;
    case Verdict::cancelled:
      return ExecutionStatus::cancelled;
    case Verdict::skipped:
      return ExecutionStatus::skipped;
    case Verdict::platform_error:
      break;
  }
  return ExecutionStatus::platform_error;
}

// What clients show beside the status.
std::string message_of(const Ending& ending, ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::succeeded:
      return "Success";
    case ExecutionStatus::cancelled:
      return "Job execution cancelled by user.";
    case ExecutionStatus::skipped:
      return "Skipping job execution due to another parallel running execution.";
    case ExecutionStatus::user_error:
      if (ending.cause == Cause::exited) return "User error";
      break;
    default:
      if (ending.cause == Cause::exited) return "Platform error";
  }
  return redact(ending.message);
}

}  // namespace

void conclude(Database& database, const Execution& execution, const Ending& ending) {
  const auto status = status_of(execution, ending);
  const bool again = is_worth_another(execution, ending);
  const bool is_news = database.write([&](Connection& connection) {
    if (again) return begin_attempt(connection, execution.id, execution.attempt + 1);
    return finish_execution(
        connection, execution.id,
        {.status = status,
         .message = message_of(ending, status),
         .time = std::chrono::floor<std::chrono::microseconds>(ending.time),
         .vdk_version =
             ending.vdk_version.empty() ? std::nullopt : std::optional(ending.vdk_version),
         .cause = std::string(to_string(ending.cause))});
  });
  if (!is_news) return;
  log(LogLevel::info, "vdk.service.dispatcher",
      fmt::format("{}: {}{}", execution.attempt_id(), to_string(status),
                  again ? ", is tried again" : ""));
}

}  // namespace vdk::service
