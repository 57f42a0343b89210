#include "store/deployment_store.hpp"

#include "store/schedule_store.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

constexpr std::string_view columns =
    "job_name, generation, desired_version, desired_python_version, desired_vdk_version, "
    "desired_schedule, desired_resources, enabled, requested_by, send_notification, state, "
    "state_message, state_log, version, python_version, vdk_version, schedule, resources, "
    "environment, deployed_by, deployed_at, schedule_settings";

Value number(const std::optional<double>& value) { return value ? Value(*value) : Value(nullptr); }
Value number(const std::optional<std::int64_t>& value) {
  return value ? Value(*value) : Value(nullptr);
}

std::optional<double> real(const Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* real = value->if_real()) return *real;
  if (const auto* integer = value->if_integer()) return static_cast<double>(*integer);
  return std::nullopt;
}
std::optional<std::int64_t> integer(const Value* value) {
  if (value == nullptr || value->if_integer() == nullptr) return std::nullopt;
  return *value->if_integer();
}

std::string settings_text(const ScheduleSettings& settings) {
  Value value(
      Value::Map{{"time_zone", settings.time_zone}, {"overlap", to_string(settings.overlap)}});
  if (settings.starting_deadline) {
    value.set("starting_deadline", static_cast<std::int64_t>(settings.starting_deadline->count()));
  }
  return to_json(value);
}

ScheduleSettings parse_settings(const std::optional<std::string>& text) {
  ScheduleSettings settings;
  if (!text) return settings;
  const auto value = parse_json(*text);
  const auto read = [&](std::string_view name) {
    const auto* member = value.find(name);
    return member != nullptr && member->if_string() != nullptr ? *member->if_string() : "";
  };
  settings.time_zone = read("time_zone");
  settings.overlap = parse_overlap(read("overlap")).value_or(Overlap::forbid);
  if (const auto deadline = integer(value.find("starting_deadline"))) {
    settings.starting_deadline = std::chrono::seconds(*deadline);
  }
  return settings;
}

Deployment to_deployment(const Row& row) {
  Deployment deployment{.job_name = row[0].text(), .generation = row[1].integer()};
  deployment.desired = {.version = row[2].text_if(),
                        .python_version = row[3].text_if(),
                        .vdk_version = row[4].text_if(),
                        .schedule = row[5].text_if(),
                        .resources = parse_resources(row[6].text_if()),
                        .enabled = row[7].flag(),
                        .requested_by = row[8].text_if(),
                        .send_notification = row[9].flag()};
  deployment.state = parse_deployment_state(row[10].text());
  deployment.message = row[11].text_if();
  deployment.log = row[12].text_if();
  if (!row[13].is_null()) {
    deployment.actual = ActualDeployment{.version = row[13].text(),
                                         .python_version = row[14].text(),
                                         .vdk_version = row[15].text_if(),
                                         .schedule = row[16].text_if(),
                                         .schedule_settings = parse_settings(row[21].text_if()),
                                         .resources = parse_resources(row[17].text_if()),
                                         .environment = row[18].text(),
                                         .deployed_by = row[19].text_if(),
                                         .deployed_at = row[20].time()};
  }
  return deployment;
}

// The scheduler is told what follows from the row as it is now.
void follow_schedule(Connection& connection, std::string_view job_name,
                     const std::optional<std::string>& schedule, const ScheduleSettings& settings,
                     bool is_enabled) {
  if (is_enabled && schedule && !schedule->empty()) {
    put_schedule(connection, job_name, *schedule, settings);
  } else {
    remove_schedule(connection, job_name);
  }
}

bool runs_already(const Deployment& deployment, const DesiredDeployment& desired) {
  const auto& actual = deployment.actual;
  return actual && deployment.state == DeploymentState::deployed &&
         desired.version == actual->version && desired.python_version == actual->python_version &&
         desired.vdk_version == actual->vdk_version;
}

}  // namespace

std::string resources_text(const Resources& resources) {
  return to_json(Value::Map{{"cpu_request", number(resources.cpu_request)},
                            {"cpu_limit", number(resources.cpu_limit)},
                            {"memory_request", number(resources.memory_request)},
                            {"memory_limit", number(resources.memory_limit)}});
}

Resources parse_resources(const std::optional<std::string>& text) {
  if (!text) return {};
  const auto value = parse_json(*text);
  return {.cpu_request = real(value.find("cpu_request")),
          .cpu_limit = real(value.find("cpu_limit")),
          .memory_request = integer(value.find("memory_request")),
          .memory_limit = integer(value.find("memory_limit"))};
}

std::optional<Deployment> find_deployment(Connection& connection, std::string_view job_name) {
  const auto found = connection.run(
      "SELECT " + std::string(columns) + " FROM deployment WHERE job_name = $1", {job_name});
  if (found.rows.empty()) return std::nullopt;
  return to_deployment(found.rows.front());
}

void put_deployment(Connection& connection, const Job& job, const DesiredDeployment& desired) {
  connection.run(
      "INSERT INTO deployment (job_name, generation, desired_version, desired_python_version, "
      "desired_vdk_version, desired_schedule, desired_resources, enabled, requested_by, "
      "requested_at, send_notification, observed_generation, state) "
      "VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 'pending') "
      "ON CONFLICT (job_name) DO UPDATE SET generation = deployment.generation + 1, "
      "desired_version = excluded.desired_version, "
      "desired_python_version = excluded.desired_python_version, "
      "desired_vdk_version = excluded.desired_vdk_version, "
      "desired_schedule = excluded.desired_schedule, "
      "desired_resources = excluded.desired_resources, enabled = excluded.enabled, "
      "requested_by = excluded.requested_by, requested_at = excluded.requested_at, "
      "send_notification = excluded.send_notification",
      {job.name, desired.version, desired.python_version, desired.vdk_version, desired.schedule,
       resources_text(desired.resources), desired.enabled, desired.requested_by, now(),
       desired.send_notification});
  const auto stored = find_deployment(connection, job.name);
  const auto schedule = desired.schedule ? desired.schedule : job.config.schedule;
  if (runs_already(*stored, desired)) {
    connection.run(
        "UPDATE deployment SET observed_generation = generation, schedule = $2, resources = $3 "
        "WHERE job_name = $1",
        {job.name, schedule, resources_text(desired.resources)});
    follow_schedule(connection, job.name, schedule, stored->actual->schedule_settings,
                    desired.enabled);
    return;
  }
  connection.run(
      "UPDATE deployment SET state = 'pending', state_message = NULL, state_log = NULL "
      "WHERE job_name = $1",
      {job.name});
  // What still runs is switched off at once; what is new waits until it is made.
  if (stored->actual && !desired.enabled) remove_schedule(connection, job.name);
}

bool remove_deployment(Connection& connection, std::string_view job_name) {
  remove_schedule(connection, job_name);
  return connection.run("DELETE FROM deployment WHERE job_name = $1", {job_name}).changed > 0;
}

std::vector<OpenDeployment> open_deployments(Connection& connection) {
  const auto found = connection.run(
      "SELECT job_name, generation, state FROM deployment "
      "WHERE state IN ('pending', 'building', 'platform_error') ORDER BY requested_at");
  std::vector<OpenDeployment> open;
  for (const auto& row : found.rows) {
    open.push_back({.job_name = row[0].text(),
                    .generation = row[1].integer(),
                    .has_failed = row[2].text() == "platform_error"});
  }
  return open;
}

bool put_deployment_state(Connection& connection, std::string_view job_name,
                          std::int64_t generation, DeploymentState state,
                          const std::optional<std::string>& message,
                          const std::optional<std::string>& log) {
  return connection
             .run(
                 "UPDATE deployment SET state = $3, state_message = $4, state_log = $5 "
                 "WHERE job_name = $1 AND generation = $2",
                 {job_name, generation, to_string(state), message, log})
             .changed > 0;
}

bool complete_deployment(Connection& connection, std::string_view job_name, std::int64_t generation,
                         const ActualDeployment& actual, const std::optional<std::string>& log) {
  const auto done = connection.run(
      "UPDATE deployment SET state = 'deployed', state_message = NULL, state_log = $3, "
      "observed_generation = generation, version = $4, python_version = $5, vdk_version = $6, "
      "schedule = $7, resources = $8, environment = $9, deployed_by = $10, deployed_at = $11, "
      "schedule_settings = $12 "
      "WHERE job_name = $1 AND generation = $2 RETURNING enabled",
      {job_name, generation, log, actual.version, actual.python_version, actual.vdk_version,
       actual.schedule, resources_text(actual.resources), actual.environment, actual.deployed_by,
       actual.deployed_at, settings_text(actual.schedule_settings)});
  if (done.rows.empty()) return false;
  follow_schedule(connection, job_name, actual.schedule, actual.schedule_settings,
                  done.rows.front()[0].flag());
  return true;
}

}  // namespace vdk::service
