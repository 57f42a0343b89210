#include "cli/job_directory.hpp"

#include <fmt/format.h>

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

}  // namespace vdk
