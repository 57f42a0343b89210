#include "api/execution_request.hpp"

#include <fmt/format.h>

#include "api/errors.hpp"
#include "store/execution_store.hpp"
#include "store/job_store.hpp"

namespace vdk::service {

Job job_in(Connection& connection, const http::Request& request) {
  const auto& name = request.parameter("job");
  auto job = find_job(connection, request.parameter("team"), name);
  if (!job) throw no_such_job(name);
  return *job;
}

Execution execution_in(Connection& connection, const http::Request& request) {
  const auto job = job_in(connection, request);
  const auto& id = request.parameter("execution");
  auto found = find_execution(connection, job.name, id);
  if (found) return *found;
  throw ApiError(404, {.what = fmt::format("There is no execution '{}' of this job.", id),
                       .why = "It was never started, or is so old that it is no longer kept.",
                       .consequence = "The request had no effect.",
                       .countermeasure = "Look at the job's executions and name one of them."});
}

}  // namespace vdk::service
