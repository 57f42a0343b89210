// Where the log of an execution can be seen in a system for logs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "model/execution.hpp"

namespace vdk::service {

// Where the logs of an execution can be seen, if anywhere: a template with {execution_id}, {op_id},
// {job_name}, {team_name}, {start_time} and {end_time}, in single or double braces.
struct LogsUrl {
  std::string pattern;
  bool has_iso_times = false;  // otherwise milliseconds of Unix time
  std::chrono::seconds start_offset{0};
  std::chrono::seconds end_offset{0};

  // Values are encoded; empty where there is no pattern.
  [[nodiscard]] std::string of(const Execution& execution, std::string_view team) const;
};

}  // namespace vdk::service
