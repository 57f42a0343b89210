// What a command needs that works as a job does, without steps.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/program.hpp"

namespace vdk {

// The job that a command works as.
struct CommandJob {
  std::filesystem::path directory = std::filesystem::current_path();  // whose config.ini counts
  std::string name{};                                                 // empty: the directory's
  std::string team{};                                                 // empty: that of config.ini
  std::vector<std::string> settings{};                                // those of -c
  // The execution that the ledgers of loads know, where what it stored is not to be stored again.
  std::string resumed{};
};

// Calls `work` with the context of that job, so plugins are there and signals interrupt what runs;
// then ends the job, so everything that was sent is committed. Returns the exit code: 0, or that of
// the signal; throws what `work` or the end throw.
int run_as_job(Program& program, const CommandJob& job,
               const std::function<void(JobContext&)>& work);

}  // namespace vdk
