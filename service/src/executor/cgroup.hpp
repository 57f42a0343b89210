// Control groups: the kernel's own account of which processes belong together, what they use and
// what they may use. Version 2 where it keeps a limit, version 1 where only that does.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "executor/executor.hpp"

namespace vdk::service {

// Where groups of attempts are made, and what the kernel limits there.
struct CgroupPlace {
  std::filesystem::path directory{};  // of version 2; empty: nowhere
  bool memory = false;                // limited here, by either version
  bool cpu = false;
  bool processes = false;
  // Of version 1, which has a tree for each controller; only of what version 2 does not limit.
  std::vector<std::filesystem::path> version_1{};
  std::string why_not{};  // why not all of it
};

// Prepares the place: `wanted`, a directory of version 2, or where that is empty groups below this
// process's own. This process may move into a group beside it, because the kernel limits groups of
// version 2 only where their parent has no processes of its own.
[[nodiscard]] CgroupPlace prepare_cgroups(const std::filesystem::path& wanted);

// One group: a directory, or several where it is one of each tree. Every operation is a try: a
// kernel or an operator may forbid it at any time.
class Cgroup {
 public:
  explicit Cgroup(std::vector<std::filesystem::path> directories)
      : directories_(std::move(directories)) {}

  // With those limits that the place can keep. Nothing where the group cannot be made.
  [[nodiscard]] static std::optional<Cgroup> make(const CgroupPlace& place, const std::string& name,
                                                  const Limits& limits);

  [[nodiscard]] const std::vector<std::filesystem::path>& directories() const noexcept {
    return directories_;
  }
  // As fork(), with the child in the group of version 2 from its first moment: to move a process
  // there takes the kernel milliseconds. The child has to join() all the same.
  [[nodiscard]] pid_t fork();
  // Makes this process, which has one thread, a member. False where that failed, with the reason in
  // errno.
  [[nodiscard]] bool join() const;
  // Ends all members at once, those included that are being started, where the kernel can do that;
  // otherwise those that are there now.
  void kill() const;
  [[nodiscard]] bool has_members() const;
  [[nodiscard]] std::vector<pid_t> members() const;
  // Members that the kernel ended for want of memory.
  [[nodiscard]] std::int64_t memory_kills() const;
  // Processes and threads that the kernel did not let it have.
  [[nodiscard]] std::int64_t refused_processes() const;
  [[nodiscard]] std::optional<std::int64_t> peak_memory() const;
  // Removes the group, which has no members any more.
  void remove() const noexcept;

 private:
  std::vector<std::filesystem::path> directories_;
  bool is_born_inside_ = false;  // this process, in the group of version 2
};

}  // namespace vdk::service
