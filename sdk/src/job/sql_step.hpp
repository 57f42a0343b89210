// SQL steps (specification: sdk 2.3).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connection/sql_file.hpp"
#include "job/job_context.hpp"

namespace vdk {

// Runs one SQL text on the named ("" = default) database and drops its rows.
using QueryFunction = std::function<void(std::string_view query, std::string_view database)>;

// Reads and splits the step's file. Throws Error (user) where it cannot be read, is not UTF-8 or
// has no text.
[[nodiscard]] SqlFile read_sql_step(const Step& step);

// Reads the step's file and runs its text on every database that its headers name, in order, else
// on the default one.
VDK_API void run_sql_step(JobContext& context, const Step& step, const QueryFunction& execute);

}  // namespace vdk
