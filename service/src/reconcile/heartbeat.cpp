#include "reconcile/heartbeat.hpp"

#include "store/replica_store.hpp"

namespace vdk::service {

Heartbeat::Heartbeat(DatabaseLeaseStore& store, const Clock& clock, const std::string& node,
                     const std::string& holder, std::chrono::milliseconds duration)
    : lease_(store, clock, replica_lease(node), holder, duration) {}

void Heartbeat::maintain() {
  const std::lock_guard lock(mutex_);
  lease_.maintain();
}

std::optional<FencingToken> Heartbeat::token() const {
  const std::lock_guard lock(mutex_);
  return lease_.held();
}

}  // namespace vdk::service
