// The zip archives that clients upload, read with suspicion, and the ones that they get back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::service {

struct SourceFile {
  std::string path;  // within the job's folder, with slashes
  std::string content;
  bool is_executable = false;
};

struct ArchiveLimits {
  std::size_t entries = 10'000;
  std::size_t total_bytes = std::size_t{256} << 20;  // of all files, unpacked
  // How many times larger than the archive its content may be; below `free_bytes` nobody counts.
  std::size_t ratio = 200;
  std::size_t free_bytes = std::size_t{1} << 20;
  std::size_t path_length = 512;
  std::size_t depth = 32;
};

// The files of the first folder in the archive, sorted by path; folders of version control and of
// the Macintosh's archiver are left out. Throws Error (user) where it is no archive, has no folder
// with files, or has anything that could harm: links, devices, encryption, paths that lead
// elsewhere, a file twice, or more than the limits allow. Memory is bounded by the limits.
[[nodiscard]] std::vector<SourceFile> read_archive(std::string_view bytes,
                                                   const ArchiveLimits& limits);

// The files as a zip archive below `folder`. The same files give the same bytes.
[[nodiscard]] std::string write_archive(const std::vector<SourceFile>& files,
                                        std::string_view folder);

// What names the content: 40 hexadecimal digits. It is git's name of the folder's tree, so a mirror
// in git finds it.
[[nodiscard]] std::string version_of(const std::vector<SourceFile>& files);

}  // namespace vdk::service
