// A store of schedules, fires and leases in memory, and a clock that only moves when it is told to:
// what the tests and the simulation of the scheduler run on. The rules are those that the real
// stores keep, and its failures are those that a database has.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "schedule/fire_store.hpp"
#include "schedule/lease.hpp"

namespace vdk::service {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(TimePoint now) : now_(now) {}

  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const override { return elapsed_; }

  void advance(std::chrono::nanoseconds by) {
    now_ += by;
    elapsed_ += by;
  }
  void set(TimePoint now) { now_ = now; }

 private:
  TimePoint now_;
  std::chrono::nanoseconds elapsed_{1};
};

// Any thread may call; leases are measured by the `elapsed` of its own clock.
class MemoryScheduleStore final : public FireStore, public LeaseStore {
 public:
  struct Execution {
    std::string deployment;
    std::chrono::sys_seconds time;
    FencingToken token;
  };

  explicit MemoryScheduleStore(const Clock& clock) : clock_(clock) {}

  // ---- FireStore
  [[nodiscard]] ScheduleChanges changes_since(std::uint64_t revision,
                                              std::chrono::sys_seconds now) override {
    const std::lock_guard lock(mutex_);
    fail_if_wanted();
    ScheduleChanges changes{.revision = revision_};
    for (const auto& [deployment, row] : rows_) {
      if (row.revision <= revision) continue;
      if (!row.schedule) {
        changes.removed.push_back(deployment);
        continue;
      }
      Schedule schedule = *row.schedule;
      if (const auto last = fires_.upper_bound({deployment, now});
          last != fires_.begin() && std::prev(last)->first == deployment) {
        schedule.last_fire = std::prev(last)->second;
      }
      changes.changed.push_back(std::move(schedule));
    }
    return changes;
  }

  [[nodiscard]] std::vector<FireResult> insert(std::span<const Fire> fires,
                                               FencingToken token) override {
    const std::lock_guard lock(mutex_);
    fail_if_wanted();
    if (token.value != leases_["scheduler"].token) throw Fenced();
    std::vector<FireResult> results;
    for (const Fire& fire : fires) results.push_back(insert(fire, token));
    if (std::exchange(lose_answer_, false)) throw std::runtime_error("the connection was lost");
    return results;
  }

  // ---- LeaseStore
  [[nodiscard]] std::optional<FencingToken> acquire(const std::string& name,
                                                    const std::string& holder,
                                                    std::chrono::milliseconds duration) override {
    const std::lock_guard lock(mutex_);
    fail_if_wanted();
    LeaseRow& row = leases_[name];
    const bool valid = clock_.elapsed() < row.until;
    if (valid && row.holder != holder) return std::nullopt;
    if (!valid) ++row.token;
    row.holder = holder;
    row.until = clock_.elapsed() + duration;
    return FencingToken{row.token};
  }

  void release(const std::string& name, const std::string& holder) override {
    const std::lock_guard lock(mutex_);
    LeaseRow& row = leases_[name];
    if (row.holder == holder) row.until = {};
  }

  // ---- what users and executors do
  void put(Schedule schedule) {
    const std::lock_guard lock(mutex_);
    std::string deployment = schedule.deployment;
    rows_[deployment] = {std::move(schedule), ++revision_};
  }
  void remove(const std::string& deployment) {
    const std::lock_guard lock(mutex_);
    rows_[deployment] = {std::nullopt, ++revision_};
  }
  void set_running(const std::string& deployment, bool running) {
    const std::lock_guard lock(mutex_);
    if (running) {
      running_.insert(deployment);
    } else {
      running_.erase(deployment);
    }
  }

  // ---- what goes wrong
  void fail_until(TimePoint time) { fail_until_ = time; }
  void fail_next() { fail_next_ = true; }
  void lose_next_answer() { lose_answer_ = true; }
  void give_lease_to(const std::string& holder, std::chrono::milliseconds duration) {
    LeaseRow& row = leases_["scheduler"];
    row = {holder, row.token + 1, clock_.elapsed() + duration};
  }

  // ---- what came of it
  [[nodiscard]] const std::vector<Execution>& executions() const { return executions_; }
  [[nodiscard]] bool has(const std::string& deployment, std::chrono::sys_seconds time) const {
    return fires_.contains({deployment, time});
  }

 private:
  struct Row {
    std::optional<Schedule> schedule;
    std::uint64_t revision = 0;
  };
  struct LeaseRow {
    std::string holder;
    std::uint64_t token = 0;
    std::chrono::nanoseconds until{};
  };

  FireResult insert(const Fire& fire, FencingToken token) {
    const auto row = rows_.find(fire.deployment);
    if (row == rows_.end() || !row->second.schedule || row->second.schedule->since != fire.since) {
      return FireResult::gone;
    }
    if (!fires_.insert({fire.deployment, fire.time}).second) return FireResult::already_there;
    if (fire.overlap == Overlap::forbid && running_.contains(fire.deployment)) {
      return FireResult::overlapped;
    }
    executions_.push_back({fire.deployment, fire.time, token});
    return FireResult::started;
  }

  void fail_if_wanted() {
    if (clock_.now() < fail_until_ || std::exchange(fail_next_, false)) {
      throw std::runtime_error("the database does not answer");
    }
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t revision_ = 0;
  std::map<std::string, Row> rows_;
  std::set<std::pair<std::string, std::chrono::sys_seconds>> fires_;
  std::set<std::string> running_;
  std::map<std::string, LeaseRow> leases_;
  std::vector<Execution> executions_;
  TimePoint fail_until_{};
  bool fail_next_ = false;
  bool lose_answer_ = false;
};

}  // namespace vdk::service
