#include "vdk/base/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

Error exists_already(const fs::path& path) {
  return user_error({.what = fmt::format("The file {} exists already.", path.string()),
                     .why = "An export never replaces a file.",
                     .consequence = "Nothing was written.",
                     .countermeasure = "Use another name or place, or move the file away."});
}

Error not_writable(const fs::path& path, int error) {
  return user_error({.what = fmt::format("The file {} cannot be written.", path.string()),
                     .why = fmt::format("The system says: {}.", std::strerror(error)),
                     .consequence = "Nothing was written.",
                     .countermeasure = "Name a file in a directory that you may write to."});
}

}  // namespace

OutputFile::OutputFile(fs::path path, Existing existing)
    : path_(std::move(path)), existing_(existing) {
  struct stat status{};
  if (existing_ == Existing::stays && lstat(path_.c_str(), &status) == 0) {
    throw exists_already(path_);
  }
  const fs::path directory = path_.has_parent_path() ? path_.parent_path() : ".";
  for (int number = 0; descriptor_ < 0; ++number) {
    partial_ = directory / fmt::format(".{}.{}.{}", path_.filename().string(), getpid(), number);
    descriptor_ = open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) {
      const int error = errno;
      partial_.clear();
      throw not_writable(path_, error);
    }
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!partial_.empty()) unlink(partial_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw platform_error({.what = fmt::format("Writing to {} failed.", path_.string()),
                            .why = fmt::format("The system says: {}.", std::strerror(errno)),
                            .consequence = "The file was not made.",
                            .countermeasure = "Make room on the disk, or use another one."});
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void OutputFile::publish() {
  if (fsync(descriptor_) != 0 && errno != EINVAL) throw not_writable(path_, errno);
  if (existing_ == Existing::is_replaced) {
    if (rename(partial_.c_str(), path_.c_str()) != 0) throw not_writable(path_, errno);
    partial_.clear();
  } else if (link(partial_.c_str(), path_.c_str()) != 0) {
    // A second name for the file fails where there is one already; a rename would replace it.
    if (errno == EEXIST) throw exists_already(path_);
    struct stat status{};
    if (lstat(path_.c_str(), &status) == 0) throw exists_already(path_);
    // A file system without second names.
    if (rename(partial_.c_str(), path_.c_str()) != 0) throw not_writable(path_, errno);
    partial_.clear();
  }
  const int directory = open(path_.has_parent_path() ? path_.parent_path().c_str() : ".",
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
}

}  // namespace vdk
