// The life cycle of a data job: initialize, run the steps, finalize (specification: sdk 2.6).
#pragma once

#include "job/job_context.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// Which steps of a job run; all of them where both are empty. Names are file names.
struct StepSelection {
  std::string from_step;
  std::string only_step;
};

// Runs the job of the context through its hooks. Errors of steps are in the result; errors of
// initialize_job and finalize_job are thrown.
VDK_API ExecutionResult run_data_job(JobContext& context);

// Narrows the steps of a job that was initialized. Throws Error (user) with the nearest name where
// there is no such step.
void select_steps(JobContext& context, const StepSelection& selection);

// Where a run is resumed: its finished steps do not run again.
void leave_out_finished_steps(JobContext& context);

// What the core itself does at each hook point: collects steps, runs SQL steps, flushes ingestion.
VDK_API void register_core_features(HookDispatcher& hooks);

// Two comment lines that name the job and its op id.
[[nodiscard]] std::string query_comment(std::string_view job_name, std::string_view op_id);

// Every statement starts with them, so that the database's own logs tell whose it is.
VDK_API void register_query_comments(HookDispatcher& hooks, std::string job_name,
                                     std::string op_id);

}  // namespace vdk
