// Steps of a job and how they ended.
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

class JobContext;

inline constexpr std::string_view kSqlStep = "sql";
inline constexpr std::string_view kPythonStep = "python";

struct Step {
  std::string name;  // file name
  std::string type;  // "sql", "python", or a plugin's
  std::filesystem::path file;
  std::filesystem::path job_directory;
  // Runs it in the place of what runs its type; false: there was nothing to run.
  std::function<bool(JobContext&, const Step&)> run{};
  std::shared_ptr<void> host_data{};  // whatever the language host keeps for it
};

enum class StepStatus { success, not_runnable, error, skip_requested };

// "success", "not_runnable", "error", "skip_requested"
[[nodiscard]] VDK_API std::string_view to_string(StepStatus status) noexcept;

using Clock = std::chrono::system_clock;

// Why a step, and with it the run, failed. `error` is the exception itself, so that a caller can
// raise it again unchanged.
struct Failure {
  ResolvableBy resolvable_by = ResolvableBy::platform;
  std::string type_name;  // class of the exception
  std::string message;
  std::vector<std::string> locations;
  std::exception_ptr error;
};

struct StepResult {
  std::string name;
  std::string type;
  Clock::time_point start;
  Clock::time_point end;
  StepStatus status = StepStatus::success;
  std::string details{};
  std::optional<Failure> failure{};
};

struct ExecutionResult {
  std::string job_name;
  std::string execution_id;
  Clock::time_point start;
  Clock::time_point end;
  StepStatus status = StepStatus::success;
  std::vector<StepResult> steps{};
  std::optional<Failure> failure{};
  std::vector<std::string> not_run{};  // steps behind the one that ended the run

  [[nodiscard]] bool failed() const noexcept { return status == StepStatus::error; }
};

// Describes any exception: an Error by its own words, others as a platform error.
[[nodiscard]] VDK_API Failure describe_failure(const std::exception_ptr& error);

}  // namespace vdk
