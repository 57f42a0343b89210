#include "reconcile/schedule_database.hpp"

#include <fmt/format.h>

#include "reconcile/lease_database.hpp"
#include "store/deployment_store.hpp"
#include "store/execution_store.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

std::chrono::sys_seconds to_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

Time to_time(std::chrono::sys_seconds time) { return Time(time); }

// A schedule that no longer can be read is as good as none: it was read when it was stored.
std::optional<Schedule> to_schedule(const Row& row) {
  try {
    return Schedule{
        .deployment = row[0].text(),
        .cron = Cron::parse(row[1].text(), row[2].text()),
        .since = to_seconds(row[3].time()),
        .last_fire = row[4].is_null() ? std::nullopt : std::optional(to_seconds(row[4].time())),
        .overlap = parse_overlap(row[7].text()).value_or(Overlap::forbid),
        .starting_deadline = row[8].is_null()
                                 ? std::nullopt
                                 : std::optional(std::chrono::seconds(row[8].integer()))};
  } catch (const Error& error) {
    log(LogLevel::error, "vdk.service.schedule",
        fmt::format("the schedule of {} is passed over: {}", row[0].text(), error.what()));
    return std::nullopt;
  }
}

// Exactly one execution for each time: its row and the fire's come together or not at all.
FireResult insert_fire(Connection& connection, const Fire& fire) {
  const auto schedule = connection.run(
      "SELECT 1 FROM schedule WHERE deployment = $1 AND is_active = 1 AND since = $2",
      {fire.deployment, to_time(fire.since)});
  const auto deployment = find_deployment(connection, fire.deployment);
  if (schedule.rows.empty() || !deployment || !deployment->actual) return FireResult::gone;
  const auto inserted = connection.run(
      "INSERT INTO fire (deployment, fire_time) VALUES ($1, $2) "
      "ON CONFLICT (deployment, fire_time) DO NOTHING",
      {fire.deployment, to_time(fire.time)});
  if (inserted.changed == 0) return FireResult::already_there;
  if (fire.overlap == Overlap::forbid && has_open_execution(connection, fire.deployment)) {
    return FireResult::overlapped;
  }
  if (fire.overlap == Overlap::replace) cancel_open_executions(connection, fire.deployment);
  auto execution = new_execution(fire.deployment, *deployment->actual);
  execution.type = ExecutionType::scheduled;
  execution.start_time = now();
  auto second = fire.time.time_since_epoch().count();
  do {
    execution.id = fmt::format("{}-{}", fire.deployment, second++);
    execution.op_id = execution.id;
  } while (!insert_execution(connection, execution));
  connection.run("UPDATE fire SET execution_id = $3 WHERE deployment = $1 AND fire_time = $2",
                 {fire.deployment, to_time(fire.time), execution.id});
  return FireResult::started;
}

}  // namespace

ScheduleChanges DatabaseFireStore::changes_since(std::uint64_t revision,
                                                 std::chrono::sys_seconds now) {
  return database_.read([&](Connection& connection) {
    ScheduleChanges changes{.revision = revision};
    const auto found = connection.run(
        "SELECT deployment, expression, time_zone, since, "
        "(SELECT max(fire_time) FROM fire WHERE fire.deployment = schedule.deployment "
        "AND fire_time <= $2), is_active, revision, overlap, starting_deadline "
        "FROM schedule WHERE revision > $1",
        {static_cast<std::int64_t>(revision), to_time(now)});
    for (const auto& row : found.rows) {
      changes.revision = std::max(changes.revision, static_cast<std::uint64_t>(row[6].integer()));
      auto schedule = row[5].flag() ? to_schedule(row) : std::nullopt;
      if (schedule) {
        changes.changed.push_back(std::move(*schedule));
      } else {
        changes.removed.push_back(row[0].text());
      }
    }
    return changes;
  });
}

std::vector<FireResult> DatabaseFireStore::insert(std::span<const Fire> fires, FencingToken token) {
  return database_.write([&](Connection& connection) {
    require_leader(connection, token);
    std::vector<FireResult> results;
    results.reserve(fires.size());
    for (const auto& fire : fires) results.push_back(insert_fire(connection, fire));
    return results;
  });
}

}  // namespace vdk::service
