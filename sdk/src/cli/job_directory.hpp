// Job directories on a command line.
#pragma once

#include <filesystem>
#include <string>

namespace vdk {

// The absolute path of a directory that must exist. Throws UsageError in click's words.
[[nodiscard]] std::filesystem::path existing_directory(const std::string& given,
                                                       const std::string& metavar);

// A job is named as its directory.
[[nodiscard]] std::string job_name_of(const std::filesystem::path& directory);

}  // namespace vdk
