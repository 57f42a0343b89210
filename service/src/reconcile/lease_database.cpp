#include "reconcile/lease_database.hpp"

namespace vdk::service {

std::optional<FencingToken> DatabaseLeaseStore::acquire(const std::string& name,
                                                        const std::string& holder,
                                                        std::chrono::milliseconds duration) {
  return database_.write([&](Connection& connection) -> std::optional<FencingToken> {
    const auto time = connection.clock();
    connection.run(
        "INSERT INTO lease (name, holder, token, valid_until) VALUES ($1, '', 0, 0) "
        "ON CONFLICT (name) DO NOTHING",
        {name});
    const auto row = connection.run(
        "UPDATE lease SET "
        "token = CASE WHEN holder = $2 AND valid_until > $3 THEN token ELSE token + 1 END, "
        "holder = $2, valid_until = $4 WHERE name = $1 AND (holder = $2 OR valid_until <= $3) "
        "RETURNING token",
        {name, holder, time, Time(time + duration)});
    if (row.rows.empty()) return std::nullopt;
    return FencingToken{static_cast<std::uint64_t>(row.rows.front()[0].integer())};
  });
}

void DatabaseLeaseStore::release(const std::string& name, const std::string& holder) {
  database_.write([&](Connection& connection) {
    connection.run("UPDATE lease SET valid_until = 0 WHERE name = $1 AND holder = $2",
                   {name, holder});
  });
}

void release_former(Connection& connection, const std::string& node) {
  connection.run("UPDATE lease SET valid_until = 0 WHERE holder LIKE $1 AND valid_until > 0",
                 {node + " %"});
}

void require_leader(Connection& connection, FencingToken token) {
  const auto lease = connection.run("SELECT token FROM lease WHERE name = $1", {kLeaderLease});
  if (lease.rows.empty() ||
      static_cast<std::uint64_t>(lease.rows.front()[0].integer()) != token.value) {
    throw Fenced();
  }
}

}  // namespace vdk::service
