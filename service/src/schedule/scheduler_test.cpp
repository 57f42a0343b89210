#include "schedule/scheduler.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "schedule/memory_schedule_store.hpp"
#include "schedule/scheduler_thread.hpp"

namespace vdk::service {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds kNoon = sys_days(std::chrono::year(2026) / 6 / 1) + 12h;

struct Record : SchedulerObserver {
  std::vector<std::pair<sys_seconds, FireResult>> fires;
  std::vector<unsigned> missed_counts;
  int terms = 0;
  int errors = 0;

  void became_scheduler(FencingToken, std::size_t) override { ++terms; }
  void fired(const Fire& fire, FireResult result, nanoseconds) override {
    fires.emplace_back(fire.time, result);
  }
  void missed(const std::string&, sys_seconds, sys_seconds, unsigned count) override {
    missed_counts.push_back(count);
  }
  void failed(const std::exception&, nanoseconds) override { ++errors; }
};

// One replica and its store.
struct Replica {
  VirtualClock clock{kNoon};
  MemoryScheduleStore store{clock};
  Record record;
  Lease lease{store, clock, "scheduler", "one", 10s};
  Scheduler scheduler{store, lease, clock, record};

  void run(nanoseconds length) {
    const nanoseconds end = clock.elapsed() + length;
    for (;;) {
      const nanoseconds pause = scheduler.step();
      if (clock.elapsed() + pause > end) break;
      clock.advance(pause);
    }
    clock.advance(end - clock.elapsed());
  }

  [[nodiscard]] std::vector<sys_seconds> started() const {
    std::vector<sys_seconds> times;
    for (const auto& [time, result] : record.fires) {
      if (result == FireResult::started) times.push_back(time);
    }
    return times;
  }
};

Schedule schedule(std::string_view cron, sys_seconds since = kNoon) {
  return {
      .deployment = "job", .cron = Cron::parse(cron), .since = since, .overlap = Overlap::allow};
}

using Times = std::vector<sys_seconds>;

TEST(Scheduler, fires_at_each_time_and_sleeps_between) {
  Replica replica;
  replica.store.put(schedule("*/5 * * * *"));
  replica.run(16min);
  EXPECT_EQ(replica.started(), (Times{kNoon + 5min, kNoon + 10min, kNoon + 15min}));
  EXPECT_TRUE(replica.record.missed_counts.empty());
}

TEST(Scheduler, a_change_by_another_replica_is_seen_within_a_second) {
  Replica replica;
  replica.store.put(schedule("0 0 * * *"));
  replica.run(30s);
  replica.store.put(schedule("* * * * *", kNoon + 30s));
  replica.run(59s);
  EXPECT_EQ(replica.started(), (Times{kNoon + 1min}));
  replica.store.remove("job");
  replica.run(10min);
  EXPECT_EQ(replica.started(), (Times{kNoon + 1min}));
  EXPECT_EQ(replica.scheduler.size(), 0U);
}

TEST(Scheduler, after_a_long_outage_only_the_latest_time_is_made_up_for) {
  Replica replica;
  replica.store.put(schedule("0 * * * *", kNoon - 48h - 1s));
  replica.clock.advance(30min);
  replica.run(1s);
  EXPECT_EQ(replica.started(), (Times{kNoon}));
  EXPECT_EQ(replica.record.missed_counts, (std::vector<unsigned>{48}));
}

TEST(Scheduler, more_are_made_up_for_where_the_schedule_says_so) {
  Replica replica;
  Schedule wanted = schedule("0 * * * *", kNoon - 48h - 1s);
  wanted.catch_up = 3;
  replica.store.put(wanted);
  replica.clock.advance(30min);
  replica.run(1s);
  EXPECT_EQ(replica.started(), (Times{kNoon - 2h, kNoon - 1h, kNoon}));
  EXPECT_EQ(replica.record.missed_counts, (std::vector<unsigned>{46}));
}

TEST(Scheduler, what_passed_its_deadline_is_missed) {
  Replica replica;
  Schedule wanted = schedule("0 * * * *", kNoon - 2h - 1s);
  wanted.starting_deadline = 600s;
  replica.store.put(wanted);
  replica.clock.advance(10min + 1s);
  replica.run(1s);
  EXPECT_TRUE(replica.started().empty());
  EXPECT_EQ(replica.record.missed_counts, (std::vector<unsigned>{3}));
  replica.run(1h);
  EXPECT_EQ(replica.started(), (Times{kNoon + 1h}));
}

TEST(Scheduler, a_short_outage_loses_nothing) {
  Replica replica;
  replica.store.put(schedule("* * * * * *"));
  replica.run(2s);
  replica.clock.advance(8s);  // the process was stopped
  replica.run(1s);
  EXPECT_EQ(replica.started().size(), 11U);
  EXPECT_TRUE(replica.record.missed_counts.empty());
}

TEST(Scheduler, a_month_of_missed_seconds_is_not_walked_through) {
  Replica replica;
  replica.store.put(schedule("* * * * * *", kNoon - 24h * 30));
  replica.run(1s);
  EXPECT_EQ(replica.started().size(), 62U);  // the minute of grace
  EXPECT_EQ(replica.record.missed_counts, (std::vector<unsigned>{1000}));
}

TEST(Scheduler, every_counts_from_the_last_fire) {
  Replica replica;
  replica.store.put(schedule("@every 7m"));
  replica.run(15min);
  EXPECT_EQ(replica.started(), (Times{kNoon + 7min, kNoon + 14min}));
  replica.clock.advance(60min);  // 12:21 to 13:10 are missed
  replica.run(3min);
  EXPECT_EQ(replica.started(), (Times{kNoon + 7min, kNoon + 14min, kNoon + 70min, kNoon + 77min}));
}

TEST(Scheduler, an_execution_that_runs_is_not_overlapped_unless_wanted) {
  Replica replica;
  Schedule wanted = schedule("* * * * *");
  wanted.overlap = Overlap::forbid;
  replica.store.put(wanted);
  replica.run(61s);
  replica.store.set_running("job", true);
  replica.run(1min);
  replica.store.set_running("job", false);
  replica.run(1min);
  ASSERT_EQ(replica.record.fires.size(), 3U);
  EXPECT_EQ(replica.record.fires[1].second, FireResult::overlapped);
  EXPECT_EQ(replica.record.fires[2].second, FireResult::started);
}

TEST(Scheduler, a_clock_that_is_set_back_fires_nothing_twice) {
  Replica replica;
  replica.store.put(schedule("*/5 * * * *"));
  replica.run(11min);
  replica.clock.set(kNoon + 2min);
  replica.run(14min);
  std::set<sys_seconds> distinct;
  for (const sys_seconds time : replica.started()) EXPECT_TRUE(distinct.insert(time).second);
  EXPECT_EQ(distinct, (std::set<sys_seconds>{kNoon + 5min, kNoon + 10min, kNoon + 15min}));
}

TEST(Scheduler, a_clock_that_was_ahead_does_not_silence_the_schedule) {
  Replica replica;
  replica.store.put(schedule("*/5 * * * *"));
  replica.clock.set(kNoon + std::chrono::days(400));
  replica.run(6min);
  replica.clock.set(kNoon);
  replica.run(6min);
  EXPECT_EQ(replica.started().back(), kNoon + 5min);
}

TEST(Scheduler, a_short_failure_of_the_store_delays_and_loses_nothing) {
  Replica replica;
  replica.store.put(schedule("* * * * *"));
  replica.run(30s);
  replica.store.fail_until(kNoon + 100s);
  replica.run(100s);
  EXPECT_GT(replica.record.errors, 3);
  EXPECT_EQ(replica.started(), (Times{kNoon + 1min, kNoon + 2min}));
  EXPECT_TRUE(replica.record.missed_counts.empty());
}

TEST(Scheduler, a_commit_whose_answer_was_lost_is_one_execution) {
  Replica replica;
  replica.store.put(schedule("* * * * *"));
  replica.run(30s);
  replica.store.lose_next_answer();
  replica.run(60s);
  ASSERT_EQ(replica.record.fires.size(), 1U);
  EXPECT_EQ(replica.record.fires[0].second, FireResult::already_there);
  EXPECT_EQ(replica.store.executions().size(), 1U);
}

TEST(Scheduler, one_that_was_replaced_stands_by) {
  Replica replica;
  replica.store.put(schedule("* * * * *"));
  replica.run(59s);
  // The lease is somebody else's although this replica counts on it for some seconds yet.
  replica.store.give_lease_to("two", 60s);
  replica.run(30s);
  EXPECT_TRUE(replica.store.executions().empty());
  EXPECT_EQ(replica.scheduler.size(), 0U);
  replica.run(2min);
  EXPECT_EQ(replica.record.terms, 2);
  EXPECT_EQ(replica.store.executions().size(), 3U);
}

TEST(SchedulerThread, fires_by_the_machines_clock_and_gives_its_lease_back) {
  const SystemClock clock;
  MemoryScheduleStore store{clock};
  struct Told : SchedulerObserver {
    std::mutex mutex;
    std::condition_variable changed;
    int fires = 0;
    void fired(const Fire&, FireResult, nanoseconds late) override {
      EXPECT_GE(late.count(), 0);
      const std::lock_guard lock(mutex);
      ++fires;
      changed.notify_all();
    }
  } told;
  Lease lease(store, clock, "scheduler", "one", 10s);
  {
    Scheduler scheduler(store, lease, clock, told);
    SchedulerThread thread(scheduler, lease);
    Schedule wanted = schedule("* * * * * *", std::chrono::floor<seconds>(clock.now()));
    store.put(wanted);
    thread.wake();
    std::unique_lock lock(told.mutex);
    told.changed.wait(lock, [&] { return told.fires >= 2; });
  }
  EXPECT_EQ(store.acquire("scheduler", "two", 10s), FencingToken{2});
}

}  // namespace
}  // namespace vdk::service
