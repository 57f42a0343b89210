// Processes as the kernel shows them in /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::service {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';        // 'Z': it has ended and its parent has not asked how
  std::string start_time;  // in the kernel's unit, since boot
  // As waitpid() would tell it, of one that has ended; nothing where the kernel does not tell us.
  std::optional<int> wait_status;
  std::int64_t threads = 1;
};

// Nothing where there is no such process.
[[nodiscard]] std::optional<ProcessFacts> facts_of(pid_t pid);

// Children, their children and so on, of this process, those included that were left to it.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t pid);

// What processes hold of the machine's memory: cheap, but what they share is counted for each.
[[nodiscard]] std::int64_t resident_bytes(const std::vector<pid_t>& processes);
// What they share is counted once in all; costs the kernel a look at every page.
[[nodiscard]] std::int64_t proportional_bytes(const std::vector<pid_t>& processes);
[[nodiscard]] std::int64_t threads_of(const std::vector<pid_t>& processes);

// Processes of this user with this in their environment ("NAME=VALUE"), as they were started.
[[nodiscard]] std::vector<pid_t> processes_with(std::string_view variable);

}  // namespace vdk::service
