#include "connection/managed_operation.hpp"

#include <chrono>
#include <exception>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
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

// True where the statement was recovered. Throws `failure` where it was not, or what hooks and
// recovery threw.
bool handle_failure(
    HookDispatcher& hooks, ManagedOperation& operation, const std::exception_ptr& failure,
    const std::function<bool(ManagedOperation&, const std::exception_ptr&)>& recover) {
  hooks.db_connection_before_operation.call(operation);
  call_with_error(failure, [&](const Error& error) {
    hooks.db_connection_on_operation_failure.call(operation, error);
  });
  return recover && recover(operation, failure);
}

}  // namespace

void run_operation(
    HookDispatcher& hooks, ManagedOperation& operation,
    const std::function<void(ManagedOperation&)>& execute,
    const std::function<bool(ManagedOperation&, const std::exception_ptr&)>& recover) {
  const Stopwatch stopwatch;
  try {
    hooks.db_connection_validate_operation.call(operation.operation());
  } catch (const std::exception& error) {
    log(LogLevel::error, kLogger,
        fmt::format("A validation refused the query; it was not executed: {}", error.what()));
    throw;
  }
  hooks.db_connection_before_operation.call(operation);

  std::exception_ptr failure;
  if (log_enabled(LogLevel::debug)) {
    log(LogLevel::debug, kLogger, fmt::format("Executing query:\n{}", operation.operation()));
  }
  try {
    execute(operation);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) {
    log(LogLevel::info, kLogger,
        fmt::format("Executing query SUCCEEDED. Query {}", stopwatch.text()));
    return;
  }
  if (ends_the_run(failure)) {
    std::rethrow_exception(failure);
  }

  bool recovered = false;
  try {
    recovered = handle_failure(hooks, operation, failure, recover);
  } catch (...) {
    log(LogLevel::info, kLogger, fmt::format("Failed query {}", stopwatch.text()));
    if (std::current_exception() != failure) {
      call_with_error(failure, [](const Error& error) {
        log(LogLevel::error, kLogger,
            fmt::format("Handling a failed query failed itself. The query's own failure: {}",
                        error.what()));
      });
    }
    throw;
  }
  if (recovered) {
    log(LogLevel::info, kLogger, fmt::format("Recovered query {}", stopwatch.text()));
    return;
  }
  log(LogLevel::info, kLogger, fmt::format("Failed query {}", stopwatch.text()));
  std::rethrow_exception(failure);
}

}  // namespace vdk
