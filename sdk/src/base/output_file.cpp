#include "vdk/base/output_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/kill_point.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHidden = ".vdk-";

Error exists_already(const fs::path& path) {
  return user_error({.what = fmt::format("The file {} exists already.", path.string()),
                     .why = "An export never replaces a file.",
                     .consequence = "Nothing was written.",
                     .countermeasure = "Use another name or place, or move the file away."});
}

fs::path fd_path(int descriptor) { return fmt::format("/proc/self/fd/{}", descriptor); }

// A file that is gone with the process until it gets a name; -1 where the file system, or the
// machine, has none such.
int open_unnamed(const fs::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
  if (descriptor < 0 || access(fd_path(descriptor).c_str(), F_OK) == 0) return descriptor;
  close(descriptor);
  return -1;
}

std::string hidden_name(int number) { return fmt::format("{}{}.{}", kHidden, getpid(), number); }

bool is_hidden_name(std::string_view name) {
  if (!name.starts_with(kHidden)) return false;
  name.remove_prefix(kHidden.size());
  return name.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Whoever writes a file holds its lock until the end, which no process outlives.
bool lock_file(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

bool has_name(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

// What processes have left there that were killed.
void remove_abandoned_files(const fs::path& directory) {
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (!is_hidden_name(entry->path().filename().string())) continue;
    const int descriptor =
        open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) continue;
    if (lock_file(descriptor)) unlink(entry->path().c_str());
    close(descriptor);
  }
}

Error not_writable(const fs::path& path, int error) {
  return user_error({.what = fmt::format("The file {} cannot be written.", path.string()),
                     .why = fmt::format("The system says: {}.", std::strerror(error)),
                     .consequence = "Nothing was written.",
                     .countermeasure = "Name a file in a directory that you may write to."});
}

}  // namespace

OutputFile::OutputFile(fs::path path, Existing existing)
    : path_(std::move(path)),
      directory_(path_.has_parent_path() ? path_.parent_path() : "."),
      existing_(existing) {
  struct stat status{};
  if (existing_ == Existing::stays && lstat(path_.c_str(), &status) == 0) {
    throw exists_already(path_);
  }
  remove_abandoned_files(directory_);
  descriptor_ = open_unnamed(directory_);
  if (descriptor_ >= 0) return;
  for (int number = 0; descriptor_ < 0; ++number) {
    partial_ = directory_ / hidden_name(number);
    descriptor_ = open(partial_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) {
      const int error = errno;
      partial_.clear();
      throw not_writable(path_, error);
    }
    // Another process may have taken it for abandoned just before.
    if (descriptor_ >= 0 && !(lock_file(descriptor_) && has_name(descriptor_))) {
      close(std::exchange(descriptor_, -1));
    }
  }
}

OutputFile::~OutputFile() {
  if (!partial_.empty()) unlink(partial_.c_str());
  if (descriptor_ >= 0) close(descriptor_);
}

fs::path OutputFile::partial() const { return fd_path(descriptor_); }

void OutputFile::write(std::string_view bytes) {
  kill_point("file.before_write");
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
  kill_point("file.before_publish");
  if (existing_ == Existing::is_replaced) {
    if (partial_.empty()) name_hidden();
    kill_point("file.before_rename");
    if (rename(partial_.c_str(), path_.c_str()) != 0) throw not_writable(path_, errno);
    partial_.clear();
  } else if (!link_to(path_)) {
    // A second name for the file fails where there is one already; a rename would replace it.
    if (errno == EEXIST) throw exists_already(path_);
    struct stat status{};
    if (lstat(path_.c_str(), &status) == 0) throw exists_already(path_);
    // A file system without second names.
    if (partial_.empty() || rename(partial_.c_str(), path_.c_str()) != 0) {
      throw not_writable(path_, errno);
    }
    partial_.clear();
  }
  const int directory = open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  kill_point("file.after_publish");
}

// Only one step away from its own name.
void OutputFile::name_hidden() {
  lock_file(descriptor_);
  for (int number = 0;; ++number) {
    fs::path name = directory_ / hidden_name(number);
    if (link_to(name)) {
      partial_ = std::move(name);
      return;
    }
    if (errno != EEXIST) throw not_writable(path_, errno);
  }
}

bool OutputFile::link_to(const fs::path& name) const {
  const fs::path source = partial_.empty() ? fd_path(descriptor_) : partial_;
  return linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

}  // namespace vdk
