// What a command needs that works as a job does, without steps.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/program.hpp"

namespace vdk {

// Calls `work` with the context of a job in the current directory, so its config.ini counts,
// plugins are there and signals interrupt what runs; then ends the job, so everything that was sent
// is committed. `settings` are those of -c. `resumed` is the execution that the ledgers of loads
// know, where what it stored is not to be stored again. Returns the exit code: 0, or that of the
// signal; throws what `work` or the end throw.
int run_as_job(Program& program, const std::vector<std::string>& settings,
               const std::function<void(JobContext&)>& work, const std::string& resumed = {});

}  // namespace vdk
