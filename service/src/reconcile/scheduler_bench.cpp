// How late the scheduler puts fires on record with many schedules, and whether it forgets one:
//
//   scheduler_bench sqlite FILE | postgres CONNINFO  SCHEDULES SECONDS
//
// SCHEDULES fire once within SECONDS (50 at most), evenly; with SECONDS 1 all of them at one
// moment. The database is a new one. What is due is known without the scheduler; each fire has to
// be on record once, with its execution. The result is an object of JSON on standard output; exit
// code 1 where a fire is missing or too much.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "reconcile/lease_database.hpp"
#include "reconcile/schedule_database.hpp"
#include "schedule/scheduler_thread.hpp"
#include "store/database.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {
namespace {

using std::chrono::sys_seconds;

// Deployed jobs with a schedule each: job N at second N modulo SECONDS of a minute that comes.
void fill(Database& database, int schedules, sys_seconds first, int seconds) {
  const auto times = fmt::format(
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {}) ",
      schedules);
  const auto since = to_micros(Time(first - std::chrono::seconds(1)));
  database.write([&](Connection& connection) {
    connection.run_script(
        "INSERT INTO job (name, team, contacts, generate_keytab, has_keytab, "
        "created_at, revision) " +
        times + "SELECT 'job-' || i, 'team', '{}', 0, 0, 0, 1 FROM n");
    connection.run_script(
        "INSERT INTO deployment (job_name, generation, enabled, requested_at, send_notification, "
        "observed_generation, state, version, python_version, deployed_at) " +
        times +
        "SELECT 'job-' || i, 1, 1, 0, 0, 1, 'deployed', "
        "'0123456789012345678901234567890123456789', '3.11', 0 FROM n");
    // The minute that holds `first`, and the second within it; both may pass into the next minute.
    connection.run_script(fmt::format(
        "INSERT INTO schedule (deployment, expression, time_zone, since, overlap, "
        "starting_deadline, catch_up, is_active, revision) {}"
        "SELECT 'job-' || i, (({} + i % {}) % 60) || ' * * * * *', '', {}, 'forbid', NULL, 1, 1, "
        "i + 1 FROM n",
        times, first.time_since_epoch().count() % 60, seconds, since));
    connection.run("UPDATE counter SET value = $1 WHERE name = 'schedule'",
                   {static_cast<std::int64_t>(schedules)});
  });
}

class Observer : public SchedulerObserver {
 public:
  void became_scheduler(FencingToken, std::size_t) override {
    loaded = std::chrono::steady_clock::now();
  }
  void fired(const Fire&, FireResult result, std::chrono::nanoseconds late) override {
    if (result == FireResult::started) lateness.push_back(late);
    ++told;
  }
  void missed(const std::string&, sys_seconds, sys_seconds, unsigned count) override {
    passed_over += count;
  }
  void failed(const std::exception& error, std::chrono::nanoseconds) override {
    fmt::print(stderr, "scheduler_bench: {}\n", error.what());
  }
  std::vector<std::chrono::nanoseconds> lateness;
  std::chrono::steady_clock::time_point loaded;
  std::atomic<std::int64_t> told = 0;
  std::int64_t passed_over = 0;
};

std::int64_t count(Database& database, const std::string& sql) {
  return database.read_one(sql).rows.at(0)[0].integer();
}

int run(const std::string& store, const std::string& place, int schedules, int seconds) {
  Database database(store == "sqlite" ? make_sqlite_engine(place) : make_postgres_engine(place));
  database.migrate();
  // Filling takes as long as it takes: the first moment comes after it.
  const auto rehearsal = std::chrono::steady_clock::now();
  fill(database, schedules, {}, seconds);
  const auto filling = std::chrono::steady_clock::now() - rehearsal;
  database.write([](Connection& connection) {
    for (const char* table : {"schedule", "deployment", "job"})
      connection.run_script(std::string("DELETE FROM ") + table);
  });
  const auto first = std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now() +
                                                             2 * filling + std::chrono::seconds(5));
  fill(database, schedules, first, seconds);

  SystemClock clock;
  DatabaseLeaseStore leases(database);
  DatabaseFireStore fires(database);
  Observer observer;
  Lease lease(leases, clock, kLeaderLease, make_uuid4(), std::chrono::seconds(15));
  Scheduler scheduler(fires, lease, clock, observer);
  // Within the seconds of the minute that are nobody's.
  std::this_thread::sleep_until(first - std::chrono::seconds(5));
  const auto began = std::chrono::steady_clock::now();
  {
    const SchedulerThread thread(scheduler, lease);
    // Nobody waits for ever: what is missing then is counted.
    const auto patience = first + std::chrono::seconds(seconds + 50);
    while (observer.told < schedules && std::chrono::system_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  auto& late = observer.lateness;
  std::ranges::sort(late);
  const auto milliseconds = [&](double share) {
    if (late.empty()) return 0.0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(late.size() - 1));
    return std::chrono::duration<double, std::milli>(late[at]).count();
  };
  const auto first_micros = to_micros(Time(first));
  // Of each schedule exactly its time, with an execution of its own that is there.
  const auto right =
      count(database,
            fmt::format(
                "SELECT count(*) FROM fire JOIN execution ON execution.id = fire.execution_id "
                "AND execution.job_name = fire.deployment "
                "WHERE fire.fire_time = {} + CAST(substr(deployment, 5) AS bigint) % {} * 1000000",
                first_micros, seconds));
  const auto recorded = count(database, "SELECT count(*) FROM fire");
  const auto executions = count(database, "SELECT count(*) FROM execution");
  fmt::print("{}\n",
             to_json(Value::Map{
                 {"schedules", schedules},
                 {"right", right},
                 {"recorded", recorded},
                 {"executions", executions},
                 {"passed_over", observer.passed_over},
                 {"load_seconds", std::chrono::duration<double>(observer.loaded - began).count()},
                 {"median_ms", milliseconds(0.5)},
                 {"p99_ms", milliseconds(0.99)},
                 {"most_ms", milliseconds(1)}}));
  return right == schedules && recorded == schedules && executions == schedules ? 0 : 1;
}

}  // namespace
}  // namespace vdk::service

int main(int count, char** words) {
  if (count != 5) {
    fmt::print(stderr, "scheduler_bench sqlite FILE | postgres CONNINFO  SCHEDULES SECONDS\n");
    return 2;
  }
  try {
    return vdk::service::run(words[1], words[2], std::atoi(words[3]), std::atoi(words[4]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "scheduler_bench: {}\n", error.what());
    return 1;
  }
}
