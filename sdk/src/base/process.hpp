// Other programs: run one and read what it says.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

struct ProcessSetting {
  std::filesystem::path directory{};       // of work; empty: this process's own
  std::vector<std::string> variables{};    // "NAME=VALUE", besides this process's own
  std::chrono::milliseconds time_limit{};  // then it is killed, with what it started
};

// As run_process; what the program writes to both outputs is handed over while it runs, a line at a
// time without its end. Returns the exit code, or nothing as above.
[[nodiscard]] std::optional<int> run_process_lines(
    const std::vector<std::string>& command, const ProcessSetting& setting,
    const std::function<void(std::string_view line)>& on_line);

// The first executable of that name on PATH, or an empty string.
[[nodiscard]] std::string find_on_path(const std::string& name);

}  // namespace vdk
