// `vdk run --check`: everything that can be found out about a job without running it.
#pragma once

#include <filesystem>

#include "cli/program.hpp"

namespace vdk {

// Prints a line a step and returns the exit code: 0, or 1 where a step cannot run.
int check_job(Program& program, const std::filesystem::path& directory);

}  // namespace vdk
