#include "base/file.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

// What is open is closed; `close` says whether the system had an error left to tell.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  [[nodiscard]] bool close() noexcept { return ::close(release()) == 0; }

 private:
  int number_;
};

int open_file(const fs::path& path, int flags, mode_t mode = 0) {
  for (;;) {
    const int descriptor = open(path.c_str(), flags | O_CLOEXEC, mode);
    if (descriptor >= 0 || errno != EINTR) return descriptor;
  }
}

std::string reason_of(int error) {
  return "The system says: " + std::generic_category().message(error) + ".";
}

std::string remedy_of(int error, const fs::path& path) {
  const std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "Free space on the file system of " + directory + ", then run again.";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f), then run again.";
    case EACCES:
    case EPERM:
      return "Give this user the right to use " + path.string() +
             ", or run as the user who has it.";
    case EROFS:
      return "Make " + directory + " writable, or configure a directory that is.";
    case ENOENT:
      return "Check the spelling of the path.";
    case EISDIR:
      return "Name a file; " + path.string() + " is a directory.";
    case ENOTDIR:
      return "A part of " + directory + " is a file; remove it or choose another path.";
    case EMFILE:
    case ENFILE:
      return "Raise the limit on open files (ulimit -n), then run again.";
    default:
      return "Check the file system of " + directory + ", then run again.";
  }
}

Error read_error(const fs::path& path, int error) {
  ErrorText text{
      .what = "The file " + path.string() + " cannot be read.",
      .why = reason_of(error),
      .consequence = "Nothing of it was used.",
      .countermeasure = remedy_of(error, path),
  };
  const bool users = error == ENOENT || error == EACCES || error == EPERM || error == EISDIR ||
                     error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP;
  return users ? user_error(std::move(text)) : platform_error(std::move(text));
}

Error write_error(const fs::path& path, int error, std::string consequence) {
  return platform_error({
      .what = "The file " + path.string() + " cannot be written.",
      .why = reason_of(error),
      .consequence = std::move(consequence),
      .countermeasure = remedy_of(error, path),
  });
}

// 0 or the error's number.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

// 0 or the error's number. Pipes, terminals and some file systems cannot be synced; they have
// nothing to lose.
int sync(int descriptor) {
#if defined(F_FULLFSYNC)
  if (fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
  if (fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS) return 0;
  return errno;
}

int sync_directory(const fs::path& directory) {
  const Descriptor opened(open_file(directory, O_RDONLY | O_DIRECTORY));
  return opened.is_open() ? sync(opened.get()) : errno;
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// 0 or the error's number. The entries of new directories are synced, or a crash could take them
// with the file.
int make_directories(const fs::path& directory, mode_t mode) {
  std::vector<fs::path> missing;
  for (fs::path at = directory; !at.empty(); at = at.parent_path()) {
    struct stat status{};
    if (stat(at.c_str(), &status) == 0) {
      if (!S_ISDIR(status.st_mode)) return ENOTDIR;
      break;
    }
    if (errno != ENOENT) return errno;
    missing.push_back(at);
    if (!at.has_relative_path()) break;
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (mkdir(at->c_str(), mode) != 0 && errno != EEXIST) return errno;
    const int error = sync_directory(directory_of(*at));
    if (error != 0 && error != EACCES)
      return error;  // one that may be written need not be readable
  }
  return 0;
}

// The time is in the name because process ids repeat where several containers share a directory.
fs::path temporary_beside(const fs::path& path) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return directory_of(path) /
         (".vdk-" + std::to_string(getpid()) + "-" + std::to_string(now.count()) + ".tmp");
}

// A file behind a link is replaced where it lies, not the link.
fs::path behind_links(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_symlink(path, failure)) return path;
  fs::path real = fs::weakly_canonical(path, failure);
  return failure ? path : real;
}

// Removes the temporary file unless it took its place.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  void keep() noexcept { path_.clear(); }

 private:
  fs::path path_;
};

// Gives the new file the rights and, where the system permits, the owner of the one that it
// replaces.
int take_over(int descriptor, const fs::path& former, Access access) {
  struct stat status{};
  if (stat(former.c_str(), &status) != 0) return 0;
  const bool same = status.st_uid == geteuid() && status.st_gid == getegid();
  if (!same && fchown(descriptor, status.st_uid, status.st_gid) != 0 && errno != EPERM)
    return errno;
  if (access == Access::owner_only) return 0;
  return fchmod(descriptor, status.st_mode & 0777U) == 0 ? 0 : errno;
}

int replace(const fs::path& path, std::string_view content, Access access) {
  const mode_t directory_mode = access == Access::owner_only ? 0700 : 0777;
  if (const int error = make_directories(directory_of(path), directory_mode); error != 0)
    return error;
  const mode_t mode = access == Access::owner_only ? 0600 : 0666;
  fs::path name = temporary_beside(path);
  int number = open_file(name, O_WRONLY | O_CREAT | O_EXCL, mode);
  while (number < 0 && errno == EEXIST) {
    name = temporary_beside(path);
    number = open_file(name, O_WRONLY | O_CREAT | O_EXCL, mode);
  }
  Descriptor file(number);
  if (!file.is_open()) return errno;
  Temporary temporary(name);
  if (const int error = take_over(file.get(), path, access); error != 0) return error;
  if (const int error = write_all(file.get(), content); error != 0) return error;
  if (const int error = sync(file.get()); error != 0) return error;
  if (!file.close()) return errno;
  if (rename(name.c_str(), path.c_str()) != 0) return errno;
  temporary.keep();
  return 0;
}

constexpr const char* kUnlocked = "There is no lock, so what it protects was left alone.";

// The descriptor that holds the lock; -1 where another holds it. Throws Error where it cannot be
// asked for.
int lock_now(const fs::path& path, LockMode mode) {
  for (;;) {
    int descriptor = open_file(path, O_RDWR | O_CREAT, 0666);
    if (descriptor < 0 && errno == ENOENT) {
      const int error = make_directories(directory_of(path), 0700);
      if (error != 0) throw write_error(path, error, kUnlocked);
      descriptor = open_file(path, O_RDWR | O_CREAT, 0666);
    }
    if (descriptor < 0) throw write_error(path, errno, kUnlocked);
    Descriptor file(descriptor);
    if (flock(file.get(), (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return -1;
      throw write_error(path, errno, kUnlocked);
    }
    // The file may have been removed between the two calls; such a lock protects nothing.
    struct stat held{};
    struct stat named{};
    if (fstat(file.get(), &held) == 0 && stat(path.c_str(), &named) == 0 &&
        held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
      return file.release();
    }
  }
}

std::string read_all(const Descriptor& file, const fs::path& path) {
  struct stat status{};
  // Files of the kernel have no size.
  const bool sized =
      fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  std::string content(sized ? static_cast<std::size_t>(status.st_size) + 1 : 4096, '\0');
  for (std::size_t filled = 0;;) {
    if (filled == content.size()) content.resize(2 * filled);
    const ssize_t count = read(file.get(), content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw read_error(path, errno);
    filled += static_cast<std::size_t>(count);
    if (count == 0) {
      content.resize(filled);
      return content;
    }
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(open_file(path, O_RDONLY));
  if (!file.is_open()) throw read_error(path, errno);
  return read_all(file, path);
}

std::optional<std::string> read_file_if_exists(const std::filesystem::path& path) {
  const Descriptor file(open_file(path, O_RDONLY));
  if (file.is_open()) return read_all(file, path);
  if (errno == ENOENT) return std::nullopt;
  throw read_error(path, errno);
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content, Access access) {
  const fs::path target = behind_links(path);
  if (const int error = replace(target, content, access); error != 0) {
    throw write_error(path, error, "What was there before is unchanged; nothing new was stored.");
  }
  const int error = sync_directory(directory_of(target));
  if (error != 0 && error != EACCES) {
    throw write_error(path, error, "The new content is there, but a power failure may undo it.");
  }
}

void write_file_in_place(const std::filesystem::path& path, std::string_view content,
                         Durability durability) {
  const char* consequence = "Its content is incomplete or out of date.";
  Descriptor file(open_file(path, O_WRONLY | O_CREAT, 0666));
  if (!file.is_open()) throw write_error(path, errno, consequence);
  // Writing comes before truncating: there is no moment without content.
  int error = write_all(file.get(), content);
  struct stat status{};
  if (error == 0 && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
      status.st_size > static_cast<off_t>(content.size()) &&
      ftruncate(file.get(), static_cast<off_t>(content.size())) != 0) {
    error = errno;
  }
  if (error == 0 && durability == Durability::power_failure) error = sync(file.get());
  if (error == 0 && !file.close()) error = errno;
  if (error != 0) throw write_error(path, error, consequence);
}

void append_line(const std::filesystem::path& path, std::string_view text, Durability durability) {
  const char* consequence = "The line may be missing or incomplete.";
  Descriptor file(open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  if (!file.is_open()) throw write_error(path, errno, consequence);
  std::string line(text);
  line += '\n';
  int error = write_all(file.get(), line);
  if (error == 0 && durability == Durability::power_failure) error = sync(file.get());
  if (error == 0 && !file.close()) error = errno;
  if (error != 0) throw write_error(path, error, consequence);
}

FileLock::FileLock(int descriptor) noexcept : descriptor_(descriptor), owner_(getpid()) {}

FileLock::FileLock(const std::filesystem::path& path, std::chrono::milliseconds wait, LockMode mode)
    : FileLock(lock_now(path, mode)) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  for (auto pause = std::chrono::milliseconds(1); descriptor_ < 0;
       pause = std::min(pause * 2, std::chrono::milliseconds(50))) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw platform_error({
          .what = "The lock " + path.string() + " is held by another process.",
          .why = "It was not released within " + std::to_string(wait.count()) + " ms.",
          .consequence = kUnlocked,
          .countermeasure = "Wait for the other process, or end it, then run again. The lock goes "
                            "with its process; the file itself need not be removed.",
      });
    }
    std::this_thread::sleep_for(pause);
    descriptor_ = lock_now(path, mode);
  }
}

std::optional<FileLock> FileLock::try_lock(const std::filesystem::path& path) {
  const int descriptor = lock_now(path, LockMode::exclusive);
  if (descriptor < 0) return std::nullopt;
  return FileLock(descriptor);
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), owner_(other.owner_) {}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  // A forked child shares the lock: it must not release its parent's, nor keep it alive once the
  // parent is done.
  if (owner_ == getpid()) flock(descriptor_, LOCK_UN);
  ::close(descriptor_);
}

void FileLock::share() noexcept { flock(descriptor_, LOCK_SH | LOCK_NB); }

void FileLock::keep_through_exec() noexcept { fcntl(descriptor_, F_SETFD, 0); }

std::filesystem::path local_state_directory() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value != nullptr ? value : "");
  };
  if (const fs::path own = variable("VDK_STATE_DIRECTORY"); !own.empty()) return fs::absolute(own);
  // A relative path in an XDG variable is invalid and ignored, as its specification says.
  if (const fs::path xdg = variable("XDG_STATE_HOME"); xdg.is_absolute()) return xdg / "vdk";
  fs::path home = variable("HOME");
  if (home.empty()) {
    const passwd* user = getpwuid(getuid());
    if (user != nullptr && user->pw_dir != nullptr) home = user->pw_dir;
  }
  std::error_code failure;
  if (home.is_absolute() && fs::is_directory(home, failure)) return home / ".local/state/vdk";
  const fs::path temporary = fs::temp_directory_path(failure);
  return (failure ? fs::path("/tmp") : temporary) / ("vdk-" + std::to_string(getuid()));
}

}  // namespace vdk
