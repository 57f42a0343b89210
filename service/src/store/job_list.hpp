// Jobs as a list: filtered, sorted and cut into pages by the database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/deployment.hpp"
#include "model/execution.hpp"
#include "model/job.hpp"
#include "store/database.hpp"

namespace vdk::service {

struct LastExecution {
  ExecutionStatus status;
  Time end;
  std::int64_t seconds;
};

struct ListedJob {
  Job job;
  // What runs of it, if anything does.
  std::optional<ActualDeployment> deployment;
  bool is_enabled = false;
  std::optional<LastExecution> last_execution;
};

enum class JobProperty {
  name,
  team,
  description,
  enabled,
  python_version,
  last_execution_status,
  last_execution_time,
  last_execution_duration,
};

// All conditions have to hold.
struct JobSearch {
  // Letters' case means nothing in these. `names` are whole, with * and ? for any text and any
  // character; `teams` are whole, with % for any text; the others are parts of the text.
  std::vector<std::string> names;
  std::vector<std::string> teams;
  std::vector<std::string> descriptions;
  std::vector<std::string> python_versions;
  // Of deployed jobs: enabled or not. Nothing: jobs that are not deployed.
  std::vector<std::optional<bool>> enabled;
  std::vector<ExecutionStatus> last_statuses;
  struct Period {
    Time from, until;  // both included
  };
  std::vector<Period> last_ends;
  bool matches_nothing = false;

  JobProperty order = JobProperty::name;  // then by name
  bool is_descending = false;
  std::int64_t offset = 0;
  std::int64_t limit = 0;
};

[[nodiscard]] std::vector<ListedJob> list_jobs(Connection& connection, const JobSearch& search);
// Of all pages.
[[nodiscard]] std::int64_t count_jobs(Connection& connection, const JobSearch& search);

// How many executions of a job ended how.
[[nodiscard]] std::map<ExecutionStatus, std::int64_t> count_executions(Connection& connection,
                                                                       std::string_view job_name);

}  // namespace vdk::service
