#include "job/job_context.hpp"

#include <fmt/format.h>

#include "job/cancellation.hpp"
#include "job/job_runner.hpp"

namespace vdk {

namespace {

Value load_fields(const LoadStatistics& load) {
  Value fields;
  fields.set("method", load.destination.method);
  fields.set("target", load.destination.target);
  fields.set("table", load.destination.table);
  fields.set("rows", load.rows_committed);
  if (load.rows_resumed != 0) fields.set("rows_resumed", load.rows_resumed);
  if (load.rows_rejected != 0) fields.set("rows_rejected", load.rows_rejected);
  if (load.values_discarded != 0) fields.set("discarded", load.values_discarded);
  if (load.delivery) fields.set("delivery", to_string(*load.delivery));
  return fields;
}

}  // namespace

JobContext::JobContext(RunScope& scope, Configuration configuration, Request request)
    : scope_(scope),
      request_(std::move(request)),
      configuration_(std::move(configuration)),
      connections_(scope.hooks),
      properties_(StateKind::properties, configuration_, request_.name, request_.team),
      secrets_(StateKind::secrets, configuration_, request_.name, request_.team),
      ingester_(scope.hooks, configuration_,
                {.job_name = request_.name,
                 .op_id = scope.ids.op_id,
                 .execution_id = scope.resumed.empty() ? scope.ids.execution_id : scope.resumed,
                 .resume = !scope.resumed.empty()},
                [&events = scope.events](const LoadStatistics& load) {
                  events.emit("rows_committed", load_fields(load));
                }) {}

JobContext::~JobContext() { host_data.reset(); }

std::string JobContext::path_of(const Step& step) const { return request_.step_path + step.name; }

void JobContext::enter(const Step& step) {
  current_step_ = path_of(step);
  templates_in_step_ = 0;
  ingester_.begin_step(current_step_);
}

Value JobContext::execution_properties() const {
  const double start = to_unix_seconds(scope_.start);
  Value properties;
  properties.set("pa__execution_id", scope_.ids.execution_id);
  properties.set("pa__job_start_unixtime", fmt::format("{}", static_cast<std::int64_t>(start)));
  properties.set("pa__job_start_ts_expr",
                 fmt::format("cast ({} as timestamp)", to_python_text(start)));
  properties.set("pa__op_id", scope_.ids.op_id);
  return properties;
}

std::vector<Parameter> JobContext::parameters() {
  Value merged;
  const auto take = [&merged](const Value& values) {
    const Value::Map* map = values.if_map();
    if (!map) return;
    for (const Member& member : *map) merged.set(member.key, member.value);
  };
  if (properties_.available()) take(properties_.all());
  take(execution_properties());
  take(request_.arguments);
  std::vector<Parameter> parameters;
  if (const Value::Map* map = merged.if_map()) {
    for (const Member& member : *map)
      parameters.push_back({member.key, to_python_text(member.value), member.value});
  }
  return parameters;
}

std::unique_ptr<ResultStream> JobContext::execute_query(std::string_view sql,
                                                        std::string_view database,
                                                        Substitution substitution) {
  scope_.cancellation.check();
  try {
    const TimePoint start = std::chrono::system_clock::now();
    ManagedConnection& connection = connections_.open(database, configuration_);
    auto rows = substitution == Substitution::none
                    ? connection.execute(sql)
                    : connection.execute(
                          substitute(sql, parameters(), connection.driver().literal_style()));
    Value fields;
    fields.set("database", connection.type());
    fields.set("seconds",
               std::chrono::duration<double>(std::chrono::system_clock::now() - start).count());
    scope_.events.emit("statement", std::move(fields));
    return rows;
  } catch (const Error&) {
    scope_.cancellation.check();  // an interrupted statement fails: the signal is the cause
    throw;
  }
}

ExecutionResult JobContext::execute_template(std::string_view name, Value arguments,
                                             std::string_view database) {
  const std::filesystem::path directory = templates_.directory_of(name, database);
  Configuration configuration = configuration_;
  if (database != "default") {
    configuration.override_value("db_default_type", std::string(database),
                                 {OriginKind::plugin, fmt::format("template '{}'", name)});
  }
  JobContext context(
      scope_, std::move(configuration),
      {.name = request_.name,
       .directory = directory,
       .team = request_.team,
       .arguments = std::move(arguments),
       .template_name = std::string(name),
       .step_path = fmt::format("{}/{}#{}/", current_step_, name, ++templates_in_step_)});
  ExecutionResult result = run_data_job(context);
  if (!result.failed()) return result;
  if (result.failure && result.failure->error) std::rethrow_exception(result.failure->error);
  throw platform_error({.what = fmt::format("The template '{}' failed without saying why.", name)});
}

}  // namespace vdk
