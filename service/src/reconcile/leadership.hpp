// Whether this replica leads: told by its scheduler, asked by what else is done once for all.
#pragma once

#include <mutex>
#include <optional>

#include "schedule/lease.hpp"

namespace vdk::service {

// Any thread. The token goes along with every write of a leader (require_leader): an answer from
// here may be outdated by then.
class Leadership {
 public:
  void set(std::optional<FencingToken> token) {
    const std::lock_guard lock(mutex_);
    token_ = token;
  }
  [[nodiscard]] std::optional<FencingToken> token() const {
    const std::lock_guard lock(mutex_);
    return token_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<FencingToken> token_;
};

}  // namespace vdk::service
