// Which file the rows of a load go to.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "vdk/ingest/sink.hpp"

namespace vdk::file {

// Upstream's: the target with .json behind it; without one, a name made of the time.
[[nodiscard]] std::filesystem::path appended_file(const std::string& target);

// TARGET/TABLE/EXECUTION-STEP.FORMAT: the same in every attempt of the load, and another for every
// other load. Throws Error: configuration where there is no target, user where the table has no
// name, or one that is no folder's in the target.
[[nodiscard]] std::filesystem::path load_file(const Load& load, std::string_view format);

// A part of a file's name that tells texts apart and holds letters, digits, dots, dashes and _
// only.
[[nodiscard]] std::string name_part(std::string_view text);

}  // namespace vdk::file
