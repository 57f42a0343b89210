// Control groups, version 2: the kernel's own account of which processes belong together, what they
// use and what they may use.
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
  std::filesystem::path directory{};  // empty: nowhere, `why_not` says the reason
  bool memory = false;
  bool cpu = false;
  bool processes = false;
  std::string why_not{};
};

// Prepares the place: `wanted`, or where that is empty one below this process's own group. This
// process may move into a group beside it, because the kernel limits groups only where their parent
// has no processes of its own.
[[nodiscard]] CgroupPlace prepare_cgroups(const std::filesystem::path& wanted);

// One group. Every operation is a try: a kernel or an operator may forbid it at any time.
class Cgroup {
 public:
  explicit Cgroup(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // With those limits that the place can keep. Nothing where the group cannot be made.
  [[nodiscard]] static std::optional<Cgroup> make(const CgroupPlace& place, const std::string& name,
                                                  const Limits& limits);

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
  // A number to write "0" to by the process that is to join.
  [[nodiscard]] std::filesystem::path members_file() const { return directory_ / "cgroup.procs"; }
  // Ends all members at once, those included that are being started. False where this kernel
  // cannot.
  bool kill() const;
  [[nodiscard]] bool has_members() const;
  [[nodiscard]] std::vector<pid_t> members() const;
  // Members that the kernel ended for want of memory.
  [[nodiscard]] std::int64_t memory_kills() const;
  [[nodiscard]] std::optional<std::int64_t> peak_memory() const;
  // Removes the group, which has no members any more.
  void remove() const noexcept;

 private:
  std::filesystem::path directory_;
};

}  // namespace vdk::service
