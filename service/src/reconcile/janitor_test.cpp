#include "reconcile/janitor.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "executor/process_executor.hpp"
#include "reconcile/lease_database.hpp"
#include "schedule/memory_schedule_store.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kNoon =
    std::chrono::sys_days(std::chrono::year(2026) / 6 / 1) + 12h;

// Its clock is moved by hand; store and executor are real.
class JanitorTest : public testing::Test {
 protected:
  JanitorTest()
      : database_(make_sqlite_engine((directory_.path() / "service.db").string())),
        executor_({.directory = directory_.path() / "attempts", .supervisor = "/", .vdk = "/"}) {
    database_.migrate();
    database_.write([](Connection& connection) {
      for (const char* job : {"sales", "stock"}) {
        connection.run(
            "INSERT INTO job (name, team, contacts, generate_keytab, has_keytab, created_at, "
            "revision) VALUES ($1, 'alpha', '{}', 0, 0, 0, 0)",
            {job});
      }
    });
    lead("one");
  }

  void lead(const std::string& holder) {
    DatabaseLeaseStore leases(database_);
    if (!holder_.empty()) leases.release(kLeaderLease, holder_);
    holder_ = holder;
    newest_ = leases.acquire(kLeaderLease, holder, 1h);
  }

  void add(const std::string& job, int number, int status, std::chrono::seconds ended_before) {
    database_.write([&](Connection& connection) {
      const auto end = status < 2 ? std::nullopt : std::optional(Time(kNoon - ended_before));
      connection.run(
          "INSERT INTO execution (id, job_name, type, status, op_id, created_at, end_time, "
          "attempt, cancel_requested) VALUES ($1, $2, 1, $3, '', 0, $4, 1, 0)",
          {fmt::format("{}-{}", job, number), job, status, end});
    });
  }

  void add_fire(const std::string& job, std::chrono::sys_seconds time) {
    database_.write([&](Connection& connection) {
      connection.run("INSERT INTO fire (deployment, fire_time) VALUES ($1, $2)", {job, Time(time)});
    });
  }

  std::string executions() {
    std::string all;
    for (const auto& row : database_.read_one("SELECT id FROM execution ORDER BY id").rows) {
      all += row[0].text() + ' ';
    }
    return all;
  }

  const TemporaryDirectory directory_{"service-test"};
  Database database_;
  ProcessExecutor executor_;
  VirtualClock clock_{kNoon};
  std::string holder_;
  std::optional<FencingToken> newest_;
  Leadership leadership_;
};

TEST_F(JanitorTest, keeps_the_last_ones_of_each_job_and_what_is_at_work) {
  Janitor janitor(database_, executor_, leadership_, clock_, {.executions = 2});
  leadership_.set(newest_);
  for (int i = 0; i < 5; ++i) add("sales", i, 2, std::chrono::hours(i));
  add("sales", 8, 0, 0s);
  add("sales", 9, 1, 0s);
  add("stock", 0, 7, 5h);
  clock_.advance(3h - 1s);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 sales-1 sales-2 sales-3 sales-4 sales-8 sales-9 stock-0 ");
  clock_.advance(1s);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 sales-1 sales-8 sales-9 stock-0 ");
}

TEST_F(JanitorTest, removes_what_ended_longer_ago_than_it_lives) {
  Janitor janitor(database_, executor_, leadership_, clock_, {});
  leadership_.set(newest_);
  for (int i = 0; i < 4; ++i) add("sales", i, 6, std::chrono::days(4 * i + 1));
  clock_.advance(3h);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 sales-1 sales-2 sales-3 ");
  clock_.advance(24h);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 sales-1 sales-2 ");
}

TEST_F(JanitorTest, goes_through_more_than_one_batch) {
  Janitor janitor(database_, executor_, leadership_, clock_, {.executions = 1});
  leadership_.set(newest_);
  for (int i = 0; i < 1200; ++i) add("sales", i, 2, std::chrono::seconds(i));
  clock_.advance(3h);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 ");
}

TEST_F(JanitorTest, removes_nothing_without_leading) {
  Janitor janitor(database_, executor_, leadership_, clock_, {.executions = 0});
  add("sales", 0, 2, 1h);
  clock_.advance(3h);
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 ");
  // One that led before and does not know yet that another does.
  leadership_.set(newest_);
  lead("two");
  clock_.advance(3h);
  EXPECT_THROW(janitor.round(), Fenced);
  EXPECT_EQ(executions(), "sales-0 ");
}

TEST_F(JanitorTest, never_comes_where_it_is_told_not_to) {
  Janitor janitor(database_, executor_, leadership_, clock_, {.schedule = "-", .executions = 0});
  leadership_.set(newest_);
  add("sales", 0, 2, 1h);
  clock_.advance(std::chrono::days(1000));
  janitor.round();
  EXPECT_EQ(executions(), "sales-0 ");
}

TEST_F(JanitorTest, keeps_the_last_fire_of_each_deployment) {
  Janitor janitor(database_, executor_, leadership_, clock_, {});
  leadership_.set(newest_);
  for (int i = 0; i < 700; ++i) add_fire("sales", kNoon - 72h + i * 1s);
  add_fire("sales", kNoon - 1h);
  add_fire("stock", kNoon - 500h);
  add_fire("stock", kNoon - 400h);
  clock_.advance(3h);
  janitor.round();
  const auto left =
      database_.read_one("SELECT deployment, fire_time FROM fire ORDER BY deployment").rows;
  ASSERT_EQ(left.size(), 2);
  EXPECT_EQ(left[0][1].time(), Time(kNoon - 1h));
  EXPECT_EQ(left[1][1].time(), Time(kNoon - 400h));
}

}  // namespace
}  // namespace vdk::service
