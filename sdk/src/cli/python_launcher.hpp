// From the native process into the Python interpreter of the job's environment.
#pragma once

#include <string>
#include <vector>

namespace vdk {

// Replaces this process by the interpreter, running the same command line there. Returns only by
// throwing Error (configuration).
[[noreturn]] void continue_in_python(const std::vector<std::string>& arguments);

}  // namespace vdk
