// Removes what is too old to be kept: executions, their logs, fires.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "executor/executor.hpp"
#include "reconcile/leadership.hpp"
#include "schedule/clock.hpp"
#include "schedule/cron.hpp"
#include "store/database.hpp"

namespace vdk::service {

// Upstream's rules and names: datajobs.executions.cleanupJob.
struct Retention {
  std::string schedule = "0 0 */3 * * *";         // "-": never
  std::int64_t executions = 100;                  // of each job, besides those at work
  std::chrono::seconds lifetime{14 * 24 * 3600};  // from their end
};

// Has neither thread nor clock of its own. The leader removes rows, at the times of the schedule.
// At its first round and at those times each replica gives up what its executor keeps of executions
// that are no more: what another one removed a moment later is given up the next time.
class Janitor {
 public:
  // Throws Error where the schedule cannot be read.
  Janitor(Database& database, Executor& executor, const Leadership& leadership, const Clock& clock,
          const Retention& retention);

  // Does what is due. Errors of the store are thrown: then it is done again with the next call.
  void round();

 private:
  void remove_rows(FencingToken token);
  void forget_attempts();

  Database& database_;
  Executor& executor_;
  const Leadership& leadership_;
  const Clock& clock_;
  const Retention retention_;
  const std::optional<Cron> schedule_;
  std::optional<std::chrono::sys_seconds> next_;  // none: never
  bool has_begun_ = false;
};

}  // namespace vdk::service
