// `vdk run --isolated`: the program starts anew in an environment that is made for the job alone.
#pragma once

#include <string>
#include <vector>

namespace vdk {

// Whether the command line asks for it and this process is not in the environment yet.
[[nodiscard]] bool wants_isolation(const std::vector<std::string>& arguments);
// Whether this process has been through enter_isolation.
[[nodiscard]] bool is_isolated();

// Makes or finds the job's environment and replaces this process by the same command line in it.
// Returns where the command line cannot be understood, which whoever reads it next says. Throws
// Error.
void enter_isolation(const std::vector<std::string>& arguments);

}  // namespace vdk
