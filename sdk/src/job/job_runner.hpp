// The life cycle of a data job: initialize, run the steps, finalize (specification: sdk 2.6).
#pragma once

#include <string>
#include <string_view>

#include "job/job_context.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// Calls initialize_job, then narrows the steps to those that the run is to have. Throws what an
// implementation throws, and Error (user) where a step that was asked for is not there.
VDK_API void initialize(JobContext& context);

// Runs the job of the context through its hooks. Errors of steps are in the result; errors of
// initialize_job and finalize_job are thrown.
VDK_API ExecutionResult run_data_job(JobContext& context);

// What the core itself does at hook points of a job: applies secrets, lets every statement start
// with two comment lines that name the job and its op id, so that the database's own logs tell
// whose it is, flushes ingestion. What collects and runs steps is added by the first initialize().
VDK_API void register_core_features(HookDispatcher& hooks);

// Two comment lines that name the job and its op id.
[[nodiscard]] std::string query_comment(std::string_view job_name, std::string_view op_id);

}  // namespace vdk
