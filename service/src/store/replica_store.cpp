#include "store/replica_store.hpp"

namespace vdk::service {

void put_replica(Connection& connection, const Replica& replica) {
  connection.run(
      "INSERT INTO replica (node, machine, directory) VALUES ($1, $2, $3) "
      "ON CONFLICT (node) DO UPDATE SET machine = excluded.machine, "
      "directory = excluded.directory WHERE replica.machine <> excluded.machine "
      "OR replica.directory <> excluded.directory",
      {replica.node, replica.machine, replica.directory});
}

std::optional<Replica> find_replica(Connection& connection, std::string_view node) {
  const auto found =
      connection.run("SELECT node, machine, directory FROM replica WHERE node = $1", {node});
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  return Replica{.node = row[0].text(), .machine = row[1].text(), .directory = row[2].text()};
}

std::string replica_lease(std::string_view node) { return "replica " + std::string(node); }

std::vector<std::string> silent_nodes(Connection& connection, Time time) {
  const auto found = connection.run(
      "SELECT DISTINCT node FROM execution WHERE status IN (0, 1) AND node IS NOT NULL "
      "AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.name = 'replica ' || execution.node "
      "AND lease.valid_until > $1)",
      {time});
  std::vector<std::string> nodes;
  for (const auto& row : found.rows) nodes.push_back(row[0].text());
  return nodes;
}

}  // namespace vdk::service
