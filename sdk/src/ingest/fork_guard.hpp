// Tells a process from the one that it was forked from.
#pragma once

#include <cstdint>

namespace vdk {

// Remembers the process that makes it. Cheap enough to ask for every row: no system call.
class ForkGuard {
 public:
  ForkGuard();
  // Whether this is a child, forked since.
  [[nodiscard]] bool in_child() const noexcept;

 private:
  std::uint64_t generation_;
};

}  // namespace vdk
