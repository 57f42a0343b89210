// Names of jobs, teams and executions as names of files.
#pragma once

#include <string>
#include <string_view>

namespace vdk {

// A file name that is unique for the name and leads nowhere else, whatever the name holds: letters,
// digits, '-' and '_' stay, every other byte becomes %XX. It has no dot, is never empty and is at
// most 120 bytes long: the rest of a longer one is replaced by a hash.
[[nodiscard]] std::string file_name_of(std::string_view name);

}  // namespace vdk
