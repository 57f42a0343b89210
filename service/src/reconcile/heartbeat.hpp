// What tells the other replicas that this one lives.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "reconcile/lease_database.hpp"
#include "schedule/clock.hpp"

namespace vdk::service {

// A lease of its own for each replica, which nobody else asks for: who reads the database sees when
// it has run out. The replica believes in it no longer than the others do, so it starts nothing
// that they may have given up. Any thread.
class Heartbeat {
 public:
  Heartbeat(DatabaseLeaseStore& store, const Clock& clock, const std::string& node,
            const std::string& holder, std::chrono::milliseconds duration);

  // Renews it where it is time to. Errors of the store are thrown.
  void maintain();
  // While it holds; another one after it had run out.
  [[nodiscard]] std::optional<FencingToken> token() const;
  [[nodiscard]] bool is_alive() const { return token().has_value(); }

 private:
  mutable std::mutex mutex_;
  Lease lease_;
};

}  // namespace vdk::service
