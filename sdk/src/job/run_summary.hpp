// What a run leaves behind for people and machines when it ends (specification: sdk 10.6).
#pragma once

#include <string>

#include "vdk/base/value.hpp"
#include "vdk/job/step.hpp"

namespace vdk {

// {steps: [{name, status, blamee, details}], status, blamee, details}: the file at
// job_run_summary_file_path.
[[nodiscard]] Value summary_json(const ExecutionResult& result);

// The lines that end a run's log: "Job execution result: SUCCESS", then the steps.
[[nodiscard]] std::string summary_text(const ExecutionResult& result);

// Everything about the result, as `log_execution_result` logs it.
[[nodiscard]] Value result_json(const ExecutionResult& result);

}  // namespace vdk
