#include "vdk/base/temporary_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPattern = "XXXXXX";

// The lock of the directory, which no process outlives; -1 where another has it, or it is gone.
int lock_directory(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct stat status{};
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &status) == 0 &&
      status.st_nlink > 0) {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

void remove_abandoned(const fs::path& parent, const std::string& prefix) {
  std::error_code failure;
  for (fs::directory_iterator entry(parent, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || name.size() != prefix.size() + kPattern.size()) continue;
    struct stat status{};
    if (lstat(entry->path().c_str(), &status) != 0 || status.st_uid != geteuid()) continue;
    const int descriptor = lock_directory(entry->path());
    if (descriptor < 0) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
    close(descriptor);
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(std::string_view purpose) {
  std::error_code failure;
  const fs::path parent = fs::temp_directory_path(failure);
  const std::string prefix = fmt::format("vdk-{}-", purpose);
  remove_abandoned(parent, prefix);
  while (lock_ < 0) {
    std::string path = (parent / (prefix + std::string(kPattern))).string();
    if (mkdtemp(path.data()) == nullptr) {
      throw platform_error({.what = fmt::format("No temporary directory can be made: {}.", path),
                            .why = fmt::format("The system says: {}.", std::strerror(errno)),
                            .consequence = "The work was not done.",
                            .countermeasure = "Let TMPDIR name a directory that you may write to, "
                                              "with enough room."});
    }
    path_ = path;
    lock_ = lock_directory(path_);  // fails where another process took it for abandoned just now
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_);
}

}  // namespace vdk
