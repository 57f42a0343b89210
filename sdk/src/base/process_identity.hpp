// Which process it was: a process id alone is given again to others.
#pragma once

#include <string>

namespace vdk {

struct ProcessIdentity {
  int pid = 0;
  // Empty where the platform does not tell.
  std::string start_time;     // in the kernel's own unit, since boot
  std::string boot;           // names the boot of the machine
  std::string pid_namespace;  // names the container, as far as process ids go

  bool operator==(const ProcessIdentity&) const = default;
};

[[nodiscard]] ProcessIdentity current_process_identity();

// False where the process is known to be gone. A process of another container cannot be seen from
// here and counts as alive until the machine boots again; one of another machine counts as gone.
[[nodiscard]] bool is_alive(const ProcessIdentity& process);

}  // namespace vdk
