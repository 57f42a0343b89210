// The programs that share the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace vdk::service {

struct Replica {
  std::string node;       // names its executor, and so the executions that are its
  std::string machine;    // names the machine that it ran on last
  std::string directory;  // its data directory there
};

void put_replica(Connection& connection, const Replica& replica);
[[nodiscard]] std::optional<Replica> find_replica(Connection& connection, std::string_view node);

// The lease that says that a replica lives.
[[nodiscard]] std::string replica_lease(std::string_view node);

// The nodes of executions that have not ended, whose replica does not live at `time`.
[[nodiscard]] std::vector<std::string> silent_nodes(Connection& connection, Time time);

}  // namespace vdk::service
