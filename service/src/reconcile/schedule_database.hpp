// The scheduler's store on the database.
#pragma once

#include "schedule/fire_store.hpp"
#include "store/database.hpp"

namespace vdk::service {

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
