// Results of steps and jobs on their way between Python and the core.
#pragma once

#include "python.hpp"
#include "vdk/job/step.hpp"

namespace vdk {

// Python's StepResult and ExecutionResult. What comes back unchanged is the very result that left,
// with its failure. All need the interpreter lock; `job_directory` tells the user's own files.
[[nodiscard]] nb::object to_python(const StepResult& result);
[[nodiscard]] nb::object to_python(const ExecutionResult& result);
[[nodiscard]] StepResult step_result(nb::handle object, const std::string& job_directory);
[[nodiscard]] ExecutionResult execution_result(nb::handle object, const std::string& job_directory);

}  // namespace vdk
