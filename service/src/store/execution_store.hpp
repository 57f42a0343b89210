// Executions in the database: a state machine whose final states nothing leaves.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/execution.hpp"
#include "store/database.hpp"

namespace vdk::service {

// One that will run what is deployed, without an id yet.
[[nodiscard]] Execution new_execution(std::string_view job_name, const ActualDeployment& deployed);

// False where the id is taken.
[[nodiscard]] bool insert_execution(Connection& connection, const Execution& execution);

// Of that job only: an id alone opens nothing.
[[nodiscard]] std::optional<Execution> find_execution(Connection& connection,
                                                      std::string_view job_name,
                                                      std::string_view id);
[[nodiscard]] std::optional<Execution> find_execution(Connection& connection, std::string_view id);

// Newest first; an empty set is every status.
[[nodiscard]] std::vector<Execution> list_executions(Connection& connection,
                                                     std::string_view job_name,
                                                     const std::set<ExecutionStatus>& statuses);
[[nodiscard]] bool has_open_execution(Connection& connection, std::string_view job_name);

// Not final yet, and of that node.
[[nodiscard]] std::vector<Execution> open_executions(Connection& connection, std::string_view node);

// These change only what is not final, and say whether they did.
bool mark_running(Connection& connection, std::string_view id, Time start);
bool request_cancel(Connection& connection, std::string_view id);
void cancel_open_executions(Connection& connection, std::string_view job_name);
// Whether one of the job that is told to end has to end before this one starts: it replaces it.
[[nodiscard]] bool waits_for_another(Connection& connection, const Execution& execution);
bool begin_attempt(Connection& connection, std::string_view id, int attempt);
struct ExecutionEnd {
  ExecutionStatus status = ExecutionStatus::platform_error;
  std::string message;
  Time time;
  std::optional<std::string> vdk_version;
  std::string cause;
};
bool finish_execution(Connection& connection, std::string_view id, const ExecutionEnd& end);

}  // namespace vdk::service
