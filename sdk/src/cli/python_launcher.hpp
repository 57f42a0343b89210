// From the native process into a Python interpreter: which one, and the leap.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vdk {

struct Interpreter {
  std::filesystem::path executable;
  std::string chosen_by;  // "VDK_PYTHON", "the environment of vdk", "VIRTUAL_ENV", "PATH"
};

// The interpreter of the job's environment, first match: VDK_PYTHON, the environment that this program is installed in, VIRTUAL_ENV, python3 on
// PATH (a version manager's shim is asked once for the real one, and the answer kept). Throws Error (configuration) where there is none.
[[nodiscard]] Interpreter find_interpreter();

// Replaces this process by the interpreter, running the same command line there. Returns only by throwing Error (configuration).
[[noreturn]] void continue_in_python(const std::vector<std::string>& arguments);

}  // namespace vdk
