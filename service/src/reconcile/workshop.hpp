// What a deployment needs on this machine before it can run: its sources, unpacked, and its Python
// environment.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "executor/executor.hpp"
#include "store/database.hpp"

namespace vdk::service {

using LineLog = std::function<void(std::string_view line)>;

// Makes the environment of a job's directory for a version of Python, or finds it; gives its
// directory, or nothing where the job needs none. Throws Error: user where the requirements cannot
// be installed.
using EnvironmentBuilder = std::function<std::string(
    const std::filesystem::path& job, const std::string& python, const LineLog& log)>;

// Any thread.
class Workshop {
 public:
  // Everything is below `directory`.
  Workshop(Database& database, std::filesystem::path directory, EnvironmentBuilder builder);

  // Quick where it was provided before. Throws Error: user where there is no such version, or its
  // requirements cannot be installed.
  [[nodiscard]] Artifact provide(const std::string& job_name, const std::string& version,
                                 const std::string& python, const LineLog& log);

 private:
  std::filesystem::path unpack(const std::string& job_name, const std::string& version);

  Database& database_;
  const std::filesystem::path directory_;
  const EnvironmentBuilder builder_;
};

}  // namespace vdk::service
