// Files that survive crashes: whole or not at all.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vdk {

// Throws Error (platform where the system fails, user where the file is the user's and cannot be
// read).
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

// As read_file, but nothing where the file does not exist.
[[nodiscard]] std::optional<std::string> read_file_if_exists(const std::filesystem::path& path);

enum class Access { everybody, owner_only };

// Writes beside the file, syncs file and directory, and renames over it. Creates missing
// directories.
void write_file_atomic(const std::filesystem::path& path, std::string_view content,
                       Access access = Access::everybody);

// What a file outlives. Surviving a power failure costs a sync: milliseconds.
enum class Durability { power_failure, kill };

// Replaces the content of a file, which keeps its inode: for bind mounts, and where a new file
// would cost too much. A reader may see the content half replaced.
void write_file_in_place(const std::filesystem::path& path, std::string_view content,
                         Durability durability = Durability::power_failure);

// Appends text, and a line end, to a file that only its owner may read. Creates it where it is
// missing. Throws Error (platform).
void append_line(const std::filesystem::path& path, std::string_view text,
                 Durability durability = Durability::power_failure);

// Many may hold a shared lock at a time, and then nobody an exclusive one.
enum class LockMode { exclusive, shared };

// An advisory lock on a file, held by this object; the kernel drops it when the process dies.
class FileLock {
 public:
  // Waits for the lock; throws Error (platform) when it cannot be had within the time.
  FileLock(const std::filesystem::path& path, std::chrono::milliseconds wait,
           LockMode mode = LockMode::exclusive);
  // Takes it at once or not at all.
  [[nodiscard]] static std::optional<FileLock> try_lock(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

  // Lets others share the lock from now on.
  void share() noexcept;
  // Keeps the lock for what this process becomes by exec, until that ends.
  void keep_through_exec() noexcept;

 private:
  explicit FileLock(int descriptor) noexcept;
  int descriptor_;
  int owner_;  // the process that took it: a forked child never releases it
};

// The directory of local state: $VDK_STATE_DIRECTORY, else $XDG_STATE_HOME/vdk, else
// ~/.local/state/vdk; a directory under the system's temporary one where there is no home. Not
// created here.
[[nodiscard]] std::filesystem::path local_state_directory();

}  // namespace vdk
