#include "store/schedule_store.hpp"

namespace vdk::service {

std::int64_t next_number(Connection& connection, std::string_view counter) {
  const auto next = connection.run(
      "UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value", {counter});
  return next.rows.at(0)[0].integer();
}

void put_schedule(Connection& connection, std::string_view deployment, std::string_view expression,
                  const ScheduleSettings& settings) {
  SqlValue deadline;
  if (settings.starting_deadline) deadline = std::int64_t{settings.starting_deadline->count()};
  const auto same = connection.run(
      "SELECT 1 FROM schedule WHERE deployment = $1 AND expression = $2 AND is_active = 1 "
      "AND time_zone = $3 AND overlap = $4 AND COALESCE(starting_deadline, 0) = COALESCE(CAST($5 "
      "AS bigint), 0)",
      {deployment, expression, settings.time_zone, to_string(settings.overlap), deadline});
  if (!same.rows.empty()) return;
  // In whole seconds, and later than any before: so a fire says which schedule it followed.
  const auto second = [](Time time) {
    return to_micros(std::chrono::floor<std::chrono::seconds>(time));
  };
  connection.run(
      "INSERT INTO schedule (deployment, expression, time_zone, since, overlap, "
      "starting_deadline, catch_up, is_active, revision) "
      "VALUES ($1, $2, $5, $3, $6, $7, 1, 1, $4) "
      "ON CONFLICT (deployment) DO UPDATE SET expression = excluded.expression, "
      "time_zone = excluded.time_zone, overlap = excluded.overlap, "
      "starting_deadline = excluded.starting_deadline, "
      "since = CASE WHEN excluded.since > schedule.since THEN excluded.since "
      "ELSE schedule.since + 1000000 END, is_active = 1, revision = excluded.revision",
      {deployment, expression, second(now()), next_number(connection, "schedule"),
       settings.time_zone, to_string(settings.overlap), deadline});
}

void remove_schedule(Connection& connection, std::string_view deployment) {
  const auto active = connection.run(
      "SELECT 1 FROM schedule WHERE deployment = $1 AND is_active = 1", {deployment});
  if (active.rows.empty()) return;
  connection.run("UPDATE schedule SET is_active = 0, revision = $2 WHERE deployment = $1",
                 {deployment, next_number(connection, "schedule")});
}

}  // namespace vdk::service
