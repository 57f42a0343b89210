// What is kept of the past.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace vdk::service {

// The jobs that have executions.
[[nodiscard]] std::vector<std::string> jobs_with_executions(Connection& connection);

// Removes of the job's executions that have ended all but the `most` that ended last, and what
// ended before `oldest`; at most `limit` of them. Says how many.
std::int64_t remove_executions(Connection& connection, std::string_view job_name, std::int64_t most,
                               Time oldest, std::int64_t limit);

// Removes fires before `oldest`, at most `limit`; of each deployment the last one stays, because
// the scheduler goes on from there. Says how many.
std::int64_t remove_fires(Connection& connection, Time oldest, std::int64_t limit);

// Those of the ids that an execution has.
[[nodiscard]] std::set<std::string> known_executions(Connection& connection,
                                                     const std::vector<std::string>& ids);

}  // namespace vdk::service
