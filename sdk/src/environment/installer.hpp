// Installing requirements into an environment, by pip.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "environment/interpreter.hpp"
#include "environment/requirements.hpp"

namespace vdk {

struct Installation {
  std::filesystem::path environment;
  std::filesystem::path job;    // where relative paths in requirements begin
  std::filesystem::path tools;  // where an installer may be kept for later
  InterpreterFacts interpreter;
  std::vector<std::string> options;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(std::string_view line)> log;
};

// Throws Error: user where the requirements cannot be installed, platform where the time is over,
// configuration where there is no pip.
void install(const Requirements& requirements, const Installation& installation);

}  // namespace vdk
