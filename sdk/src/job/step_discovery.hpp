// Which files of a job directory are steps, and in which order (specification: sdk 2.2).
#pragma once

#include <filesystem>
#include <vector>

#include "vdk/job/step.hpp"

namespace vdk {

// Every top-level entry whose name ends in .sql or .py in any case, by code points of the full
// name. An entry that is no regular file is a step too, and fails when it runs. Throws Error (user)
// where the directory cannot be read.
[[nodiscard]] std::vector<Step> find_steps(const std::filesystem::path& job_directory);

}  // namespace vdk
