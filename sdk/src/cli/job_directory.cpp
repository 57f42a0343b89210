#include "cli/job_directory.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace vdk {

namespace fs = std::filesystem;

fs::path existing_directory(const std::string& given, const std::string& metavar) {
  std::error_code failure;
  const fs::path path = fs::canonical(given, failure);
  if (failure)
    throw UsageError(
        fmt::format("Invalid value for '{}': Directory '{}' does not exist.", metavar, given));
  if (!fs::is_directory(path)) {
    throw UsageError(
        fmt::format("Invalid value for '{}': Directory '{}' is a file.", metavar, given));
  }
  return path;
}

std::string job_name_of(const fs::path& directory) { return directory.filename().string(); }

LogLevel log_level_of(const Configuration& configuration) {
  const std::string name = upper(configuration.get_string("log_level_vdk"));
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::critical}) {
    if (name == to_string(level)) return level;
  }
  return LogLevel::info;
}

}  // namespace vdk
