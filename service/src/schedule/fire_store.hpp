// What the scheduler reads from and writes to the database.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/schedule.hpp"
#include "schedule/cron.hpp"
#include "schedule/lease.hpp"

namespace vdk::service {

// A deployment's schedule. Only what may fire: of an enabled deployment with an expression.
struct Schedule {
  std::string deployment;
  Cron cron;
  // The times after it are meant: when the deployment was enabled or its schedule changed. Grows
  // with each such change.
  std::chrono::sys_seconds since;
  // The last time that is on record for it, whatever became of it; none that lies ahead of now, by
  // which a wrong clock would hide what was missed.
  std::optional<std::chrono::sys_seconds> last_fire{};
  Overlap overlap = Overlap::forbid;
  // A time that passed longer ago than this is not made up for; without a limit as in Kubernetes.
  std::optional<std::chrono::seconds> starting_deadline{};
  // How many missed times are made up for, the latest ones; the others are counted as missed.
  unsigned catch_up = 1;
};

// One scheduled time of a deployment.
struct Fire {
  std::string deployment;
  std::chrono::sys_seconds since;  // of the schedule that says so
  std::chrono::sys_seconds time;
  Overlap overlap = Overlap::forbid;
};

enum class FireResult {
  started,        // the time is on record now, together with its execution
  already_there,  // it was on record: another replica, or this one before an error
  overlapped,     // it is on record now, without an execution: Overlap::forbid
  gone,           // the deployment is no longer there, is disabled, or its schedule is a later one
};

// What changed in the schedules since a revision of the store.
struct ScheduleChanges {
  std::vector<Schedule> changed;
  std::vector<std::string> removed;  // deleted, disabled or without an expression
  std::uint64_t revision = 0;
};

// Called by the scheduler's thread only. What the database could not do is thrown.
class FireStore {
 public:
  virtual ~FireStore() = default;

  // Everything at revision 0, afterwards what changed since `revision`. Asked about once a second,
  // so by an index. A change may be told more than once; it may not be left out. `now` is for
  // Schedule::last_fire.
  [[nodiscard]] virtual ScheduleChanges changes_since(std::uint64_t revision,
                                                      std::chrono::sys_seconds now) = 0;

  // In one transaction for all of them, each on its own merits, one result per fire in their order.
  // Exactly one execution per fire is the unique index on (deployment, time): the row of the fire
  // and the row of its execution, ready to be started by whoever starts executions, come together.
  // Whether an execution still runs is asked in the same transaction. Throws Fenced where `token`
  // is older than the lease's. After any other error it may have happened or not: the scheduler
  // asks again and is told already_there.
  [[nodiscard]] virtual std::vector<FireResult> insert(std::span<const Fire> fires,
                                                       FencingToken token) = 0;
};

}  // namespace vdk::service
