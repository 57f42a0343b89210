// From the native process into the Python interpreter of the job's environment.
#pragma once

#include <string>
#include <vector>

#include "hooks/python_environment.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// Whether the command line asks for plugins that are loaded: `vdk plugins --load`.
[[nodiscard]] VDK_API bool lists_loaded_plugins(const std::vector<std::string>& arguments);

// Whether plugins of the job's Python environment take part in this command line: some are
// installed, and the command is not one that does without (--version, completion, plugins without
// --load).
[[nodiscard]] bool needs_python_plugins(const PythonEnvironment& environment,
                                        const std::vector<std::string>& arguments);

// Replaces this process by the environment's interpreter, running the same command line there.
// Returns only by throwing Error (configuration).
[[noreturn]] void continue_in_python(const PythonEnvironment& environment,
                                     const std::vector<std::string>& arguments);

}  // namespace vdk
