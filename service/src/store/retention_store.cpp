#include "store/retention_store.hpp"

namespace vdk::service {

std::vector<std::string> jobs_with_executions(Connection& connection) {
  std::vector<std::string> jobs;
  for (const auto& row : connection.run("SELECT DISTINCT job_name FROM execution").rows) {
    jobs.push_back(row[0].text());
  }
  return jobs;
}

std::int64_t remove_executions(Connection& connection, std::string_view job_name, std::int64_t most,
                               Time oldest, std::int64_t limit) {
  return connection
      .run(
          "DELETE FROM execution WHERE id IN (SELECT id FROM "
          "(SELECT id, end_time, row_number() OVER (ORDER BY end_time DESC, id DESC) AS place "
          "FROM execution WHERE job_name = $1 AND status NOT IN (0, 1)) AS ended "
          "WHERE place > $2 OR end_time < $3 LIMIT $4)",
          {job_name, most, oldest, limit})
      .changed;
}

std::int64_t remove_fires(Connection& connection, Time oldest, std::int64_t limit) {
  return connection
      .run(
          "DELETE FROM fire WHERE (deployment, fire_time) IN (SELECT deployment, fire_time "
          "FROM fire AS past WHERE fire_time < $1 AND EXISTS (SELECT 1 FROM fire AS later "
          "WHERE later.deployment = past.deployment AND later.fire_time > past.fire_time) LIMIT "
          "$2)",
          {oldest, limit})
      .changed;
}

std::set<std::string> known_executions(Connection& connection,
                                       const std::vector<std::string>& ids) {
  std::set<std::string> known;
  for (const auto& id : ids) {
    if (!connection.run("SELECT 1 FROM execution WHERE id = $1", {id}).rows.empty()) {
      known.insert(id);
    }
  }
  return known;
}

}  // namespace vdk::service
