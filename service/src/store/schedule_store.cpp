#include "store/schedule_store.hpp"

namespace vdk::service {

std::int64_t next_number(Connection& connection, std::string_view counter) {
  const auto next = connection.run(
      "UPDATE counter SET value = value + 1 WHERE name = $1 RETURNING value", {counter});
  return next.rows.at(0)[0].integer();
}

void put_schedule(Connection& connection, std::string_view deployment,
                  std::string_view expression) {
  const auto same = connection.run(
      "SELECT 1 FROM schedule WHERE deployment = $1 AND expression = $2 AND is_active = 1",
      {deployment, expression});
  if (!same.rows.empty()) return;
  // In whole seconds, and later than any before: so a fire says which schedule it followed.
  const auto second = [](Time time) {
    return to_micros(std::chrono::floor<std::chrono::seconds>(time));
  };
  connection.run(
      "INSERT INTO schedule (deployment, expression, time_zone, since, overlap, "
      "starting_deadline, catch_up, is_active, revision) "
      "VALUES ($1, $2, '', $3, 'forbid', NULL, 1, 1, $4) "
      "ON CONFLICT (deployment) DO UPDATE SET expression = excluded.expression, "
      "since = CASE WHEN excluded.since > schedule.since THEN excluded.since "
      "ELSE schedule.since + 1000000 END, is_active = 1, revision = excluded.revision",
      {deployment, expression, second(now()), next_number(connection, "schedule")});
}

void remove_schedule(Connection& connection, std::string_view deployment) {
  const auto active = connection.run(
      "SELECT 1 FROM schedule WHERE deployment = $1 AND is_active = 1", {deployment});
  if (active.rows.empty()) return;
  connection.run("UPDATE schedule SET is_active = 0, revision = $2 WHERE deployment = $1",
                 {deployment, next_number(connection, "schedule")});
}

}  // namespace vdk::service
