// A job's folder as a zip archive, which is how it goes to the service and comes back.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace vdk::control {

// The folder's files below its own name, in the order of their names; what a link to a file leads
// to is packed, links to folders are left out, and so are .git and __pycache__. Throws Error (user)
// where a file cannot be read or the whole has more than 2 GB.
[[nodiscard]] std::string pack_folder(const std::filesystem::path& folder);

// Makes the files of the archive below `parent`. Its names are made safe by refusing: nothing is
// written outside of `parent`, and no file is replaced. Throws Error (platform) for an archive that
// is none, is damaged, or unfolds to more than 1 GB.
void unpack_archive(std::string_view archive, const std::filesystem::path& parent);

}  // namespace vdk::control
