// Starts executions when their time has come: one replica does, the others stand by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "schedule/clock.hpp"
#include "schedule/fire_store.hpp"
#include "schedule/lease.hpp"

namespace vdk::service {

// Told of what the scheduler does, by its thread; for the log and for metrics.
class SchedulerObserver {
 public:
  virtual ~SchedulerObserver() = default;
  virtual void became_scheduler(FencingToken /*token*/, std::size_t /*schedules*/) {}
  virtual void stands_by() {}
  // `late` is how long after its time the fire was on record.
  virtual void fired(const Fire& /*fire*/, FireResult /*result*/,
                     std::chrono::nanoseconds /*late*/) {}
  // The times of the deployment after `from` up to `until` are passed over, `count` of them; at a
  // thousand it stops counting.
  virtual void missed(const std::string& /*deployment*/, std::chrono::sys_seconds /*from*/,
                      std::chrono::sys_seconds /*until*/, unsigned /*count*/) {}
  // The store failed; the scheduler tries again after `retry`.
  virtual void failed(const std::exception& /*error*/, std::chrono::nanoseconds /*retry*/) {}
};

struct SchedulerSettings {
  std::chrono::milliseconds changes_every{1000};  // how soon another replica's changes are seen
  std::size_t batch = 256;                        // about as many fires in one transaction
  // A time that passed no longer ago than this is never missed: it is fired late.
  std::chrono::seconds grace{60};
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5000};
};

// A queue of the next time of each schedule; nothing is scanned while time passes. It has no thread
// and no clock of its own: SchedulerThread runs it in the service, and a simulation in the tests.
// Not for several threads at once; the references have to outlive it.
class Scheduler {
 public:
  Scheduler(FireStore& store, Lease& lease, const Clock& clock, SchedulerObserver& observer,
            SchedulerSettings settings = {});

  // Does what is due (lease, changes, fires) and says after how long to call again; sooner does no
  // harm. Throws nothing that the store throws: that is told to the observer and tried again.
  std::chrono::nanoseconds step();

  // Asks for changes with the next step: called where this replica made one.
  void expect_changes() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Schedule schedule;
    std::chrono::sys_seconds considered{};  // everything up to it is fired, or missed for good
    std::uint64_t generation = 0;           // of the item in the queue that stands for it
  };
  struct Due {
    std::chrono::sys_seconds time;
    std::string deployment;
    std::uint64_t generation;
    bool operator>(const Due& other) const { return time > other.time; }
  };

  void lead(FencingToken token);
  void stand_by();
  void read_changes();
  void put(Schedule schedule);
  void enqueue(const std::string& deployment, Entry& entry);
  void notice_clock_set_back(std::chrono::sys_seconds now);
  void collect_due(std::chrono::sys_seconds now);
  void collect(Entry& entry, std::chrono::sys_seconds now);
  void insert_pending();
  [[nodiscard]] std::chrono::nanoseconds until_next() const;

  FireStore& store_;
  Lease& lease_;
  const Clock& clock_;
  SchedulerObserver& observer_;
  SchedulerSettings settings_;

  std::optional<FencingToken> token_;  // while this replica is the scheduler
  std::uint64_t revision_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue_;
  std::vector<Fire> pending_;  // due, and not known to be on record
  std::uint64_t generations_ = 0;
  std::chrono::nanoseconds changes_at_{};
  std::chrono::nanoseconds retry_at_{};
  std::chrono::milliseconds retry_{};
  std::chrono::sys_seconds last_now_{};
};

}  // namespace vdk::service
