// SQL steps (specification: sdk 2.3).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "job/job_context.hpp"

namespace vdk {

// Runs one SQL text on the named ("" = default) database and drops its rows.
using QueryFunction = std::function<void(std::string_view query, std::string_view database)>;

// Reads the step's file and runs its text on every database that its headers name, in order, else on the default one. Throws Error
// (user) where the file cannot be read, is not UTF-8 or has no text.
VDK_API void run_sql_step(JobContext& context, const Step& step, const QueryFunction& execute);

}  // namespace vdk
