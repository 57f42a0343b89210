// What a request for an execution is about.
#pragma once

#include <string>

#include "api/context.hpp"
#include "model/execution.hpp"
#include "model/job.hpp"
#include "store/database.hpp"

namespace vdk::service {

// The path of one execution.
inline const std::string kExecutionPath = std::string(kJobPath) + "/executions/{execution}";

// The team's job that the path names. Throws ApiError (404).
[[nodiscard]] Job job_in(Connection& connection, const http::Request& request);
// Its execution that the path names. Throws ApiError (404), also for one of another job.
[[nodiscard]] Execution execution_in(Connection& connection, const http::Request& request);

// What an execution writes: its log and its events.
void add_execution_output_routes(http::Router& router, const ApiContext& context);

}  // namespace vdk::service
