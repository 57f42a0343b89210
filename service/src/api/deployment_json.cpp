#include "api/deployment_json.hpp"

#include "api/errors.hpp"
#include "api/job_json.hpp"

namespace vdk::service {

namespace {

Value nullable_real(const std::optional<double>& value) {
  return value ? Value(*value) : Value(nullptr);
}
Value nullable_integer(const std::optional<std::int64_t>& value) {
  return value ? Value(*value) : Value(nullptr);
}
Value nullable_time(const std::optional<Time>& time) {
  return time ? Value(to_api_time(*time)) : Value(nullptr);
}

Value to_value(const Resources& resources) {
  return Value::Map{{"cpu_request", nullable_real(resources.cpu_request)},
                    {"cpu_limit", nullable_real(resources.cpu_limit)},
                    {"memory_request", nullable_integer(resources.memory_request)},
                    {"memory_limit", nullable_integer(resources.memory_limit)}};
}

}  // namespace

DeploymentBody read_deployment(const Value& body) {
  const JsonReader reader(body, "");
  DeploymentBody result{.job_version = reader.text("job_version"),
                        .python_version = reader.text("python_version"),
                        .vdk_version = reader.text("vdk_version"),
                        .enabled = reader.flag("enabled")};
  if (const auto mode = reader.text("mode"); mode && mode != "testing" && mode != "release") {
    throw bad_json("'mode' has to be 'testing' or 'release'.");
  }
  if (const auto schedule = reader.object("schedule")) {
    result.schedule = schedule->text("schedule_cron");
  }
  if (const auto resources = reader.object("resources")) {
    result.resources = {.cpu_request = resources->real("cpu_request"),
                        .cpu_limit = resources->real("cpu_limit"),
                        .memory_request = resources->integer("memory_request"),
                        .memory_limit = resources->integer("memory_limit")};
  }
  return result;
}

Value to_value(const Deployment& deployment, const Job& job) {
  const auto& actual = *deployment.actual;
  return Value::Map{{"vdk_version", nullable(actual.vdk_version)},
                    {"job_version", actual.version},
                    {"python_version", actual.python_version},
                    {"mode", "release"},
                    {"id", deployment.job_name},
                    {"enabled", deployment.desired.enabled},
                    {"contacts", to_value(job.config.contacts)},
                    {"schedule", schedule_value(actual.schedule)},
                    {"resources", to_value(actual.resources)},
                    {"last_deployed_date", to_api_time(actual.deployed_at)},
                    {"last_deployed_by", nullable(actual.deployed_by)}};
}

Value progress_value(const Deployment& deployment) {
  return Value::Map{
      {"state", to_string(deployment.state)},
      {"generation", deployment.generation},
      {"job_version", nullable(deployment.desired.version)},
      {"python_version", nullable(deployment.desired.python_version)},
      {"enabled", deployment.desired.enabled},
      {"message", nullable(deployment.message)},
      {"log", nullable(deployment.log)},
      {"deployed_version", deployment.actual ? Value(deployment.actual->version) : Value(nullptr)}};
}

Value to_value(const Execution& execution, const std::string& logs_url) {
  return Value::Map{
      {"id", execution.id},
      {"job_name", execution.job_name},
      {"status", to_string(execution.status)},
      {"type", execution.type == ExecutionType::manual ? "manual" : "scheduled"},
      {"start_time", nullable_time(execution.start_time)},
      {"end_time", nullable_time(execution.end_time)},
      {"started_by", nullable(execution.started_by)},
      {"logs_url", logs_url},
      {"message", nullable(execution.message)},
      {"op_id", execution.op_id},
      {"deployment", Value::Map{{"vdk_version", nullable(execution.vdk_version)},
                                {"job_version", nullable(execution.job_version)},
                                {"python_version", nullable(execution.python_version)},
                                {"mode", "release"},
                                {"id", "release"},
                                {"enabled", true},
                                {"deployed_by", nullable(execution.deployed_by)},
                                {"deployed_date", nullable_time(execution.deployed_at)},
                                {"schedule", schedule_value(execution.schedule)},
                                {"resources", to_value(execution.resources)}}}};
}

}  // namespace vdk::service
