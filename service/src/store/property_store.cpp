#include "store/property_store.hpp"

namespace vdk::service {

std::optional<std::string> find_properties(Connection& connection, std::string_view team,
                                           std::string_view job_name) {
  const auto found = connection.run(
      "SELECT content FROM property_set WHERE team = $1 AND job_name = $2", {team, job_name});
  if (found.rows.empty()) return std::nullopt;
  return found.rows.front()[0].text();
}

void put_properties(Connection& connection, std::string_view team, std::string_view job_name,
                    std::string_view content) {
  connection.run(
      "INSERT INTO property_set (team, job_name, content, revision) VALUES ($1, $2, $3, 1) "
      "ON CONFLICT (team, job_name) DO UPDATE SET content = excluded.content, "
      "revision = property_set.revision + 1",
      {team, job_name, content});
}

}  // namespace vdk::service
