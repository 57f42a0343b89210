#include "job/job_context.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "job/cancellation.hpp"
#include "job/job_runner.hpp"
#include "job/step_discovery.hpp"
#include "vdk/base/log.hpp"

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

struct JobContext::State {
  State(RunScope& of, Configuration values, Request wanted)
      : scope(of),
        request(std::move(wanted)),
        configuration(std::move(values)),
        connections(scope.hooks),
        properties(StateKind::properties, configuration, request.name, request.team),
        secrets(StateKind::secrets, configuration, request.name, request.team),
        ingester(scope.hooks, configuration,
                 {.job_name = request.name,
                  .op_id = scope.ids.op_id,
                  .execution_id = scope.resumed.empty() ? scope.ids.execution_id : scope.resumed,
                  .resume = !scope.resumed.empty()},
                 [&events = scope.events](const LoadStatistics& load) {
                   events.emit("rows_committed", load_fields(load));
                 }) {}

  RunScope& scope;
  Request request;
  Configuration configuration;
  ConnectionRegistry connections;
  StateRouter properties;
  StateRouter secrets;
  TemplateRegistry templates;
  Ingester ingester;
  std::map<std::pair<Contribution, std::string>, std::string> stand_ins;  // to distributions
  std::string current_step;
  int templates_in_step = 0;
};

JobContext::JobContext(RunScope& scope, Configuration configuration, Request request)
    : step_endings(core_step_endings()),
      state_(std::make_unique<State>(scope, std::move(configuration), std::move(request))) {}

JobContext::~JobContext() { host_data.reset(); }

const std::string& JobContext::name() const noexcept { return state_->request.name; }
const std::filesystem::path& JobContext::directory() const noexcept {
  return state_->request.directory;
}
const Value& JobContext::arguments() const noexcept { return state_->request.arguments; }
const std::string& JobContext::template_name() const noexcept {
  return state_->request.template_name;
}
const std::string& JobContext::execution_id() const noexcept {
  return state_->scope.ids.execution_id;
}
const std::string& JobContext::attempt_id() const noexcept { return state_->scope.ids.attempt_id; }
const std::string& JobContext::op_id() const noexcept { return state_->scope.ids.op_id; }
RunScope& JobContext::scope() noexcept { return state_->scope; }
HookDispatcher& JobContext::hooks() noexcept { return state_->scope.hooks; }
Configuration& JobContext::configuration() noexcept { return state_->configuration; }
ConnectionRegistry& JobContext::connections() noexcept { return state_->connections; }
Ingester& JobContext::ingester() noexcept { return state_->ingester; }
StateRouter& JobContext::properties() noexcept { return state_->properties; }
StateRouter& JobContext::secrets() noexcept { return state_->secrets; }
TemplateRegistry& JobContext::templates() noexcept { return state_->templates; }

void JobContext::stand_in(Contribution kind, std::string_view name, std::string_view distribution) {
  state_->stand_ins.insert_or_assign({kind, lower(name)}, std::string(distribution));
}

bool JobContext::is_shadowed(Contribution kind, std::string_view name,
                             std::string_view distribution) const {
  const auto known = state_->stand_ins.find({kind, lower(name)});
  if (distribution.empty() || known == state_->stand_ins.end() || known->second != distribution)
    return false;
  log(LogLevel::debug, "vdk.plugins",
      fmt::format("The {} {} of {} is shadowed by the program's own; native_engines = false has "
                  "the plugin's used.",
                  kind == Contribution::connection ? "connection" : "ingestion method", name,
                  distribution));
  return true;
}

std::string JobContext::path_of(const Step& step) const {
  return state_->request.step_path + step.name;
}

void JobContext::enter(const Step& step) {
  state_->current_step = path_of(step);
  state_->templates_in_step = 0;
  ingester().begin_step(state_->current_step);
}

void JobContext::send(const Batch& batch, std::string_view table, std::string_view method,
                      std::string_view target) {
  for (const Destination& destination : ingester().resolve(method, target, table, {})) {
    ingester().send(destination, batch);
  }
}

Value JobContext::read_properties() { return properties().all(); }
void JobContext::write_properties(Value map) { properties().set_all(std::move(map)); }
Value JobContext::read_secrets() { return secrets().all(); }

Value JobContext::execution_properties() const {
  const double start = to_unix_seconds(state_->scope.start);
  Value properties;
  properties.set("pa__execution_id", state_->scope.ids.execution_id);
  properties.set("pa__job_start_unixtime", fmt::format("{}", static_cast<std::int64_t>(start)));
  properties.set("pa__job_start_ts_expr",
                 fmt::format("cast ({} as timestamp)", to_python_text(start)));
  properties.set("pa__op_id", state_->scope.ids.op_id);
  return properties;
}

std::vector<Parameter> JobContext::parameters() {
  Value merged;
  const auto take = [&merged](const Value& values) {
    const Value::Map* map = values.if_map();
    if (!map) return;
    for (const Member& member : *map) merged.set(member.key, member.value);
  };
  if (properties().available()) take(properties().all());
  take(execution_properties());
  take(state_->request.arguments);
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
  state_->scope.cancellation.check();
  try {
    const TimePoint start = std::chrono::system_clock::now();
    ManagedConnection& connection = connections().open(database, configuration());
    state_->scope.cancellation.check();  // opening may have taken a while
    auto rows = substitution == Substitution::none
                    ? connection.execute(sql)
                    : connection.execute(
                          substitute(sql, parameters(), connection.driver().literal_style()));
    Value fields;
    fields.set("database", connection.type());
    fields.set("seconds",
               std::chrono::duration<double>(std::chrono::system_clock::now() - start).count());
    state_->scope.events.emit("statement", std::move(fields));
    return rows;
  } catch (const Error&) {
    state_->scope.cancellation.check();  // an interrupted statement fails: the signal is the cause
    throw;
  }
}

ExecutionResult JobContext::execute_template(std::string_view name, Value arguments,
                                             std::string_view database) {
  const std::filesystem::path directory = templates().directory_of(name, database);
  Configuration configuration = this->configuration();
  if (database != "default") {
    configuration.override_value("db_default_type", std::string(database),
                                 {OriginKind::plugin, fmt::format("template '{}'", name)});
  }
  JobContext context(state_->scope, std::move(configuration),
                     {.name = state_->request.name,
                      .directory = directory,
                      .team = state_->request.team,
                      .arguments = std::move(arguments),
                      .template_name = std::string(name),
                      .step_path = fmt::format("{}/{}#{}/", state_->current_step, name,
                                               ++state_->templates_in_step)});
  ExecutionResult result = run_data_job(context);
  if (!result.failed()) return result;
  if (result.failure && result.failure->error) std::rethrow_exception(result.failure->error);
  throw platform_error({.what = fmt::format("The template '{}' failed without saying why.", name)});
}

}  // namespace vdk
