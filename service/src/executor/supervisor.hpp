// What the program vdk-supervisor does: starts one job, waits for it, and writes down what it
// printed and how it ended.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "executor/attempt_directory.hpp"
#include "executor/cgroup.hpp"
#include "executor/output_log.hpp"

namespace vdk::service {

// What a supervisor is told. It comes in memory: secrets are in the environment.
struct Order {
  std::filesystem::path attempt;  // AttemptDirectory
  std::vector<std::string> command;
  std::vector<Variable> environment;
  Limits limits;
  std::chrono::milliseconds time_limit_grace{30'000};
  OutputBounds log;
  CgroupPlace cgroups;
};

[[nodiscard]] std::string to_text(const Order& order);
// Throws Error.
[[nodiscard]] Order parse_order(const std::string& text);

// The numbers of the files that the executor opens for its supervisor.
inline constexpr int kOrderFile = 3;
inline constexpr int kLockFile = 4;
inline constexpr int kReadyFile = 5;  // a byte is written once the job runs, or cannot

// Runs the job to its end. All signals must be blocked.
void supervise(const Order& order);

}  // namespace vdk::service
