#include "reconcile/janitor.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "reconcile/lease_database.hpp"
#include "store/retention_store.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

// In one transaction: few enough for nobody to wait for it.
constexpr std::int64_t kBatch = 500;
// A fire is asked for again only where the clock was set back, or another replica's is wrong.
constexpr std::chrono::hours kFiresKept{48};

Time to_time(TimePoint time) { return std::chrono::floor<std::chrono::microseconds>(time); }

}  // namespace

Janitor::Janitor(Database& database, Executor& executor, const Leadership& leadership,
                 const Clock& clock, const Retention& retention)
    : database_(database),
      executor_(executor),
      leadership_(leadership),
      clock_(clock),
      retention_(retention),
      schedule_(retention.schedule == "-" ? std::nullopt
                                          : std::optional(Cron::parse(retention.schedule))) {
  if (schedule_) next_ = schedule_->next(std::chrono::floor<std::chrono::seconds>(clock.now()));
}

void Janitor::round() {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const bool is_due = next_ && now >= *next_;
  if (is_due) {
    if (const auto token = leadership_.token()) remove_rows(*token);
  }
  if (is_due || !has_begun_) forget_attempts();
  has_begun_ = true;
  if (is_due) next_ = schedule_->next(now);
}

void Janitor::remove_rows(FencingToken token) {
  const auto oldest = to_time(clock_.now()) - retention_.lifetime;
  std::int64_t executions = 0;
  const auto jobs = database_.read(jobs_with_executions);
  for (const auto& job : jobs) {
    std::int64_t removed = 0;
    do {
      removed = database_.write([&](Connection& connection) {
        require_leader(connection, token);
        return remove_executions(connection, job, retention_.executions, oldest, kBatch);
      });
      executions += removed;
    } while (removed == kBatch);
  }
  const auto last_fire = to_time(clock_.now()) - kFiresKept;
  std::int64_t removed = 0;
  do {
    removed = database_.write([&](Connection& connection) {
      require_leader(connection, token);
      return remove_fires(connection, last_fire, kBatch);
    });
  } while (removed == kBatch);
  log(LogLevel::info, "vdk.service.janitor",
      fmt::format("{} executions were removed: of each job the last {} are kept, for {} days",
                  executions, retention_.executions,
                  std::chrono::duration_cast<std::chrono::days>(retention_.lifetime).count()));
}

// The attempts of one execution go together, when it is no more.
void Janitor::forget_attempts() {
  std::vector<std::string> executions;
  const auto attempts = executor_.list();
  for (const auto& attempt : attempts) {
    if (attempt.phase == Phase::ended) executions.push_back(attempt.execution_id);
  }
  std::set<std::string> known;
  for (std::size_t from = 0; from < executions.size(); from += kBatch) {
    const auto to = std::min(executions.size(), from + static_cast<std::size_t>(kBatch));
    known.merge(database_.read([&](Connection& connection) {
      return known_executions(connection, {executions.begin() + static_cast<std::ptrdiff_t>(from),
                                           executions.begin() + static_cast<std::ptrdiff_t>(to)});
    }));
  }
  std::size_t count = 0;
  for (const auto& attempt : attempts) {
    if (attempt.phase != Phase::ended || known.contains(attempt.execution_id)) continue;
    if (executor_.forget(attempt.id)) ++count;
  }
  if (count > 0) {
    log(LogLevel::info, "vdk.service.janitor",
        fmt::format("the logs of {} runs were removed with their executions", count));
  }
}

}  // namespace vdk::service
