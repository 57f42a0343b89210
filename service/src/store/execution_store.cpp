#include "store/execution_store.hpp"

#include <chrono>

#include <fmt/format.h>

#include "store/deployment_store.hpp"

namespace vdk::service {

namespace {

const std::string columns =
    "id, job_name, type, status, message, op_id, started_by, arguments, start_time, end_time, "
    "job_version, python_version, vdk_version, schedule, resources, deployed_by, deployed_at, "
    "environment, node, attempt, cancel_requested";

Execution to_execution(const Row& row) {
  return {.id = row[0].text(),
          .job_name = row[1].text(),
          .type = static_cast<ExecutionType>(row[2].integer()),
          .status = static_cast<ExecutionStatus>(row[3].integer()),
          .message = row[4].text_if(),
          .op_id = row[5].text(),
          .started_by = row[6].text_if(),
          .arguments = row[7].text_if(),
          .start_time = row[8].time_if(),
          .end_time = row[9].time_if(),
          .job_version = row[10].text_if(),
          .python_version = row[11].text_if(),
          .vdk_version = row[12].text_if(),
          .schedule = row[13].text_if(),
          .resources = parse_resources(row[14].text_if()),
          .deployed_by = row[15].text_if(),
          .deployed_at = row[16].time_if(),
          .environment = row[17].text_if(),
          .node = row[18].text_if(),
          .attempt = static_cast<int>(row[19].integer()),
          .is_cancel_requested = row[20].flag()};
}

std::vector<Execution> to_executions(const SqlResult& found) {
  std::vector<Execution> executions;
  executions.reserve(found.rows.size());
  for (const auto& row : found.rows) executions.push_back(to_execution(row));
  return executions;
}

std::int64_t number(ExecutionStatus status) { return static_cast<std::int64_t>(status); }

}  // namespace

Execution new_execution(std::string_view job_name, const ActualDeployment& deployed) {
  return {.job_name = std::string(job_name),
          .job_version = deployed.version,
          .python_version = deployed.python_version,
          .vdk_version = deployed.vdk_version,
          .schedule = deployed.schedule,
          .resources = deployed.resources,
          .deployed_by = deployed.deployed_by,
          .deployed_at = deployed.deployed_at,
          .environment = deployed.environment};
}

bool insert_execution(Connection& connection, const Execution& execution) {
  const auto done = connection.run(
      "INSERT INTO execution (id, job_name, type, status, message, op_id, started_by, arguments, "
      "created_at, start_time, job_version, python_version, vdk_version, schedule, resources, "
      "deployed_by, deployed_at, environment, node, attempt, cancel_requested) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
      "$19, $20, 0) ON CONFLICT (id) DO NOTHING",
      {execution.id,
       execution.job_name,
       static_cast<std::int64_t>(execution.type),
       number(execution.status),
       execution.message,
       execution.op_id,
       execution.started_by,
       execution.arguments,
       now(),
       execution.start_time,
       execution.job_version,
       execution.python_version,
       execution.vdk_version,
       execution.schedule,
       resources_text(execution.resources),
       execution.deployed_by,
       execution.deployed_at,
       execution.environment,
       execution.node,
       execution.attempt});
  return done.changed == 1;
}

std::optional<Execution> find_execution(Connection& connection, std::string_view job_name,
                                        std::string_view id) {
  auto found = find_execution(connection, id);
  if (found && found->job_name != job_name) found.reset();
  return found;
}

std::optional<Execution> find_execution(Connection& connection, std::string_view id) {
  const auto found = connection.run("SELECT " + columns + " FROM execution WHERE id = $1", {id});
  if (found.rows.empty()) return std::nullopt;
  return to_execution(found.rows.front());
}

std::vector<Execution> list_executions(Connection& connection, std::string_view job_name,
                                       const std::set<ExecutionStatus>& statuses) {
  std::string filter;
  for (const auto status : statuses) {
    filter += fmt::format("{}{}", filter.empty() ? " AND status IN (" : ", ", number(status));
  }
  if (!filter.empty()) filter += ')';
  return to_executions(connection.run("SELECT " + columns + " FROM execution WHERE job_name = $1" +
                                          filter + " ORDER BY start_time DESC, id DESC",
                                      {job_name}));
}

bool has_open_execution(Connection& connection, std::string_view job_name) {
  return !connection
              .run("SELECT 1 FROM execution WHERE job_name = $1 AND status IN (0, 1) LIMIT 1",
                   {job_name})
              .rows.empty();
}

std::vector<Execution> open_executions(Connection& connection, std::string_view node) {
  return to_executions(connection.run(
      "SELECT " + columns + " FROM execution WHERE status IN (0, 1) AND node = $1", {node}));
}

bool mark_running(Connection& connection, std::string_view id, Time start) {
  return connection
             .run(
                 "UPDATE execution SET status = 1, message = 'Running', "
                 "start_time = coalesce(start_time, $2) WHERE id = $1 AND status = 0",
                 {id, start})
             .changed > 0;
}

bool request_cancel(Connection& connection, std::string_view id) {
  return connection
             .run("UPDATE execution SET cancel_requested = 1 WHERE id = $1 AND status IN (0, 1)",
                  {id})
             .changed > 0;
}

void cancel_open_executions(Connection& connection, std::string_view job_name) {
  connection.run(
      "UPDATE execution SET cancel_requested = 1 WHERE job_name = $1 AND status IN (0, 1)",
      {job_name});
}

bool waits_for_another(Connection& connection, const Execution& execution) {
  return !connection
              .run(
                  "SELECT 1 FROM execution JOIN schedule ON schedule.deployment = job_name "
                  "WHERE job_name = $1 AND overlap = 'replace' AND status IN (0, 1) "
                  "AND cancel_requested = 1 AND id <> $2 LIMIT 1",
                  {execution.job_name, execution.id})
              .rows.empty();
}

bool begin_attempt(Connection& connection, std::string_view id, int attempt) {
  return connection
             .run(
                 "UPDATE execution SET attempt = $2, status = 0, message = NULL WHERE id = $1 AND "
                 "status IN (0, 1) AND attempt < $2",
                 {id, attempt})
             .changed > 0;
}

bool finish_execution(Connection& connection, std::string_view id, const ExecutionEnd& end) {
  const auto done = connection.run(
      "UPDATE execution SET status = $2, message = $3, end_time = $4, "
      "vdk_version = coalesce($5, vdk_version), cause = $6 "
      "WHERE id = $1 AND status IN (0, 1) RETURNING job_name, start_time",
      {id, number(end.status), end.message, end.time, end.vdk_version, end.cause});
  if (done.rows.empty()) return false;
  const auto& row = done.rows.front();
  const auto start = row[1].time_if().value_or(end.time);
  connection.run(
      "UPDATE job SET last_execution_id = $2, last_execution_status = $3, "
      "last_execution_end_time = $4, last_execution_duration = $5 WHERE name = $1 AND "
      "(last_execution_end_time IS NULL OR last_execution_end_time <= $4)",
      {row[0].text(), id, number(end.status), end.time,
       std::chrono::duration_cast<std::chrono::seconds>(end.time - start).count()});
  return true;
}

}  // namespace vdk::service
