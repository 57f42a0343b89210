#include "connection/managed_operation.hpp"

#include <chrono>
#include <functional>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "vdk/base/error.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.connection";

class Stopwatch {
 public:
  [[nodiscard]] std::string text() const {
    return fmt::format("duration {}", to_hms(std::chrono::steady_clock::now() - start_));
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// What hooks are told of a failure. Exceptions that are not ours are described, never replaced.
void call_with_error(const std::exception_ptr& failure,
                     const std::function<void(const Error&)>& call) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    call(error);
  } catch (const std::exception& error) {
    call(platform_error({.what = error.what()}));
  } catch (...) {
    call(platform_error({.what = "The statement failed without saying why."}));
  }
}

bool ends_the_run(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Cancelled&) {
    return true;
  } catch (const ExitRequested&) {
    return true;
  } catch (...) {
    return false;
  }
}

void validate(HookDispatcher& hooks, ManagedOperation& operation, OperationSteps& steps) {
  try {
    hooks.db_connection_validate_operation.call(operation);
    steps.validate(operation);
  } catch (const std::exception& error) {
    steps.report(
        LogLevel::error,
        fmt::format("A validation refused the query; it was not executed: {}", error.what()));
    throw;
  }
}

void decorate(HookDispatcher& hooks, ManagedOperation& operation, OperationSteps& steps) {
  hooks.db_connection_before_operation.call(operation);
  try {
    steps.decorate(operation);
  } catch (const std::exception& error) {
    steps.report(LogLevel::error,
                 fmt::format("Decorating a query failed; it was not executed: {}", error.what()));
    throw;
  }
}

void finish(ManagedOperation& operation, OperationSteps& steps) {
  try {
    steps.after(operation);
  } catch (...) {
    const std::exception_ptr failure = std::current_exception();
    if (ends_the_run(failure)) throw;
    call_with_error(failure, [&](const Error& error) {
      steps.report(
          LogLevel::error,
          fmt::format("The query succeeded, but what its connection does after a query failed: {}",
                      error.what()));
    });
  }
}

// True where the statement was recovered. Throws what hooks and recovery throw.
bool handle_failure(HookDispatcher& hooks, ManagedOperation& operation, OperationSteps& steps,
                    const std::exception_ptr& failure) {
  const auto again = operation.initial();
  hooks.db_connection_before_operation.call(*again);
  call_with_error(failure, [&](const Error& error) {
    hooks.db_connection_on_operation_failure.call(operation, error);
  });
  return steps.recover(operation, failure);
}

}  // namespace

ManagedOperation::~ManagedOperation() = default;

std::unique_ptr<ManagedOperation> ManagedOperation::initial() const {
  return std::make_unique<ManagedOperation>(initial_);
}

OperationSteps::~OperationSteps() = default;
void OperationSteps::validate(ManagedOperation& /*operation*/) {}
void OperationSteps::decorate(ManagedOperation& /*operation*/) {}
void OperationSteps::after(ManagedOperation& /*operation*/) {}
bool OperationSteps::recover(ManagedOperation& /*operation*/,
                             const std::exception_ptr& /*failure*/) {
  return false;
}
void OperationSteps::report(LogLevel level, std::string_view message) {
  log(level, kLogger, message);
}

void run_operation(HookDispatcher& hooks, ManagedOperation& operation, OperationSteps& steps) {
  const Stopwatch stopwatch;
  validate(hooks, operation, steps);
  decorate(hooks, operation, steps);

  if (log_enabled(LogLevel::debug)) {
    steps.report(LogLevel::debug, fmt::format("Executing query:\n{}", operation.operation()));
  }
  std::exception_ptr failure;
  try {
    steps.execute(operation);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) {
    steps.report(LogLevel::info,
                 fmt::format("Executing query SUCCEEDED. Query {}", stopwatch.text()));
    finish(operation, steps);
    return;
  }
  if (ends_the_run(failure)) std::rethrow_exception(failure);

  bool recovered = false;
  try {
    recovered = handle_failure(hooks, operation, steps, failure);
  } catch (...) {
    steps.report(LogLevel::info, fmt::format("Failed query {}", stopwatch.text()));
    if (std::current_exception() != failure) {
      call_with_error(failure, [&](const Error& error) {
        steps.report(LogLevel::error,
                     fmt::format("Handling a failed query failed itself. The query's own "
                                 "failure: {}",
                                 error.what()));
      });
    }
    throw;
  }
  if (!recovered) {
    steps.report(LogLevel::info, fmt::format("Failed query {}", stopwatch.text()));
    std::rethrow_exception(failure);
  }
  finish(operation, steps);
  steps.report(LogLevel::info, fmt::format("Recovered query {}", stopwatch.text()));
}

}  // namespace vdk
