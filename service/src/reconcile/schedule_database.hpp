// The scheduler's stores on the database.
#pragma once

#include <string>

#include "schedule/fire_store.hpp"
#include "schedule/lease.hpp"
#include "store/database.hpp"

namespace vdk::service {

inline constexpr const char* scheduler_lease = "scheduler";

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

class DatabaseFireStore : public FireStore {
 public:
  explicit DatabaseFireStore(Database& database) : database_(database) {}
  [[nodiscard]] ScheduleChanges changes_since(std::uint64_t revision,
                                              std::chrono::sys_seconds now) override;
  [[nodiscard]] std::vector<FireResult> insert(std::span<const Fire> fires,
                                               FencingToken token) override;

 private:
  Database& database_;
};

}  // namespace vdk::service
