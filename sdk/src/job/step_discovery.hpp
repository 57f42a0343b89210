// Which files of a job directory are steps, and in which order (specification: sdk 2.2).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "vdk/job/step.hpp"

namespace vdk {

// Types of steps by the endings of their files: lower case, without a dot.
using StepEndings = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] const StepEndings& core_step_endings();  // .sql and .py

// Every top-level entry whose name ends so, in any case, by code points of the full name. An entry
// that is no regular file is a step too, and fails when it runs. Throws Error (user) where the
// directory cannot be read.
[[nodiscard]] std::vector<Step> find_steps(const std::filesystem::path& job_directory,
                                           const StepEndings& endings = core_step_endings());

}  // namespace vdk
