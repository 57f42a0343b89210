// Leases in the database, and what is written under them.
#pragma once

#include <string>

#include "schedule/lease.hpp"
#include "store/database.hpp"

namespace vdk::service {

// Who holds it leads: schedules, synchronises and cleans up for all replicas.
inline constexpr const char* kLeaderLease = "leader";

class DatabaseLeaseStore : public LeaseStore {
 public:
  explicit DatabaseLeaseStore(Database& database) : database_(database) {}
  [[nodiscard]] std::optional<FencingToken> acquire(const std::string& name,
                                                    const std::string& holder,
                                                    std::chrono::milliseconds duration) override;
  void release(const std::string& name, const std::string& holder) override;

 private:
  Database& database_;
};

// Holders are `NODE START`. Ends what former starts of the node hold: whoever has the node's data
// directory knows that none of them lives.
void release_former(Connection& connection, const std::string& node);

// In the transaction that writes under the leader's lease: throws Fenced where another has led
// since, so an outdated leader changes nothing.
void require_leader(Connection& connection, FencingToken token);

}  // namespace vdk::service
