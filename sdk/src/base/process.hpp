// Other programs: run one and read what it says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vdk {

struct ProcessOutput {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

// Runs a program without a shell and without standard input; nothing where it cannot be started or
// does not end in time (then it is killed).
[[nodiscard]] std::optional<ProcessOutput> run_process(const std::vector<std::string>& command,
                                                       std::chrono::milliseconds time_limit);

// The first executable of that name on PATH, or an empty string.
[[nodiscard]] std::string find_on_path(const std::string& name);

}  // namespace vdk
