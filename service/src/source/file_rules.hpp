// Which files an operator lets into a job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/archive.hpp"

namespace vdk::service {

// Types are media types as a whole ("image/png") or by their first part ("image"); endings are ends
// of file names. An empty list rules nothing.
struct FileRules {
  std::vector<std::string> allowed_types;
  std::vector<std::string> allowed_endings;
  std::vector<std::string> dropped_types;
  std::vector<std::string> dropped_endings;
};

// Drops what is to be dropped, then throws Error (user) that names the first file which is not
// allowed, or says that no step is left.
void apply_file_rules(std::vector<SourceFile>& files, const FileRules& rules);

// The media type by content, and of text by the name.
[[nodiscard]] std::string media_type_of(const SourceFile& file);

}  // namespace vdk::service
