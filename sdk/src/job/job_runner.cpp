#include "job/job_runner.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/sources.hpp"
#include "job/cancellation.hpp"
#include "job/sql_step.hpp"
#include "job/step_discovery.hpp"
#include "vdk/base/log.hpp"
#include "vdk/connection/managed_operation.hpp"

namespace vdk {

namespace {

constexpr std::string_view kLogger = "vdk.job";
constexpr std::string_view kJobPlugin = "core-job";

Value step_fields(const JobContext& context, const Step& step, std::size_t index) {
  Value fields;
  fields.set("step", step.name);
  fields.set("step_type", step.type);
  fields.set("index", static_cast<std::int64_t>(index));
  fields.set("total", static_cast<std::int64_t>(context.steps.size()));
  if (!context.template_name().empty()) fields.set("template", context.template_name());
  return fields;
}

Value failure_fields(const Failure& failure) {
  Value fields;
  fields.set("type", failure.type_name);
  fields.set("message", redact(failure.message));
  fields.set("resolvable_by", to_string(failure.resolvable_by));
  Value::List locations;
  for (const std::string& location : failure.locations) locations.emplace_back(location);
  fields.set("locations", std::move(locations));
  return fields;
}

// The default of run_step: the runner of the step's type, then the barrier of its ingestion.
StepResult run_step(JobContext& context, const Step& step) {
  StepResult result{step.name, step.type, Clock::now(), {}};
  try {
    context.scope().cancellation.check();
    std::error_code ignored;
    if (std::filesystem::is_directory(step.file, ignored)) {
      throw user_error({.what = fmt::format("The step {} is a directory.", step.name),
                        .why = "Its name ends as that of a step, so it is taken for one.",
                        .consequence = "The step and those after it did not run.",
                        .countermeasure = fmt::format("Rename or remove {}.", step.file.string())});
    }
    const auto of_type = context.runners.find(step.type);
    const StepRunner* runner = step.run                           ? &step.run
                               : of_type != context.runners.end() ? &of_type->second
                                                                  : nullptr;
    if (!runner) {
      throw configuration_error(
          {.what = fmt::format("Nothing here can run the step {}: its type is '{}'.", step.name,
                               step.type),
           .consequence = "The step and those after it did not run.",
           .countermeasure = "Install the plugin that brings this type of step."});
    }
    log(LogLevel::info, kLogger, fmt::format("Entering {}#run(...) ...", step.name));
    context.enter(step);
    const bool ran = (*runner)(context, step);
    context.ingester().end_step();
    result.status = ran ? StepStatus::success : StepStatus::not_runnable;
    log(LogLevel::info, kLogger,
        ran ? fmt::format("Exiting  {}#run(...) SUCCESS", step.name)
            : fmt::format("Exiting  {}#run(...) NOT RUNNABLE", step.name));
  } catch (const SkipRemainingSteps& skip) {
    result.status = StepStatus::skip_requested;
    result.details = skip.what();
    try {
      context.ingester().end_step();
    } catch (...) {
      result.status = StepStatus::error;
      result.failure = describe_failure(std::current_exception());
    }
  } catch (...) {
    result.status = StepStatus::error;
    result.failure = describe_failure(std::current_exception());
    log(LogLevel::info, kLogger, fmt::format("Exiting  {}#run(...) FAILURE", step.name));
    // What runs into a signal fails in its own way; the signal is the cause.
    if (const int number = context.scope().cancellation.signal()) {
      result.failure = describe_failure(std::make_exception_ptr(Cancelled(number)));
    }
    // Rows that the step sent before it failed are not lost; a second failure must not hide the
    // first.
    try {
      context.ingester().abandon_step();
    } catch (const std::exception& failure) {
      log(LogLevel::error, kLogger,
          fmt::format("Rows that {} had sent could not be stored either: {}", step.name,
                      failure.what()));
    }
  }
  if (result.failure) result.details = result.failure->message;
  result.end = Clock::now();
  return result;
}

// What the hook says of the step. What an implementation throws, the step has failed with.
StepResult call_run_step(JobContext& context, const Step& step) {
  StepResult outcome{step.name, step.type, Clock::now(), {}};
  try {
    if (auto answer = context.hooks().run_step.call_first(context, step)) return std::move(*answer);
  } catch (...) {
    outcome.status = StepStatus::error;
    outcome.failure = describe_failure(std::current_exception());
    outcome.details = outcome.failure->message;
  }
  outcome.end = Clock::now();
  return outcome;
}

// The default of run_job: every step in order, until one fails or asks to skip the rest.
ExecutionResult run_steps(JobContext& context) {
  ExecutionResult result;
  result.job_name = context.name();
  result.execution_id = context.scope().ids.execution_id;
  result.start = Clock::now();
  if (context.steps.empty() && context.scope().finished_steps.empty()) {
    throw user_error(
        {.what = fmt::format("The job {} has no steps.", context.name()),
         .why = fmt::format("There is no file ending in .sql or .py directly in {}.",
                            context.directory().string()),
         .consequence = "Nothing was run.",
         .countermeasure =
             "Add a step, for example 10_hello.sql, or give the directory of another job."});
  }
  EventStream& events = context.scope().events;
  for (std::size_t i = 0; i < context.steps.size(); ++i) {
    const Step step = context.steps[i];
    events.emit("step_started", step_fields(context, step, i));
    StepResult outcome = call_run_step(context, step);

    Value fields = step_fields(context, step, i);
    fields.set("status", to_string(outcome.status));
    fields.set("seconds", std::chrono::duration<double>(outcome.end - outcome.start).count());
    if (outcome.failure) fields.set("failure", failure_fields(*outcome.failure));
    events.emit("step_ended", std::move(fields));

    const StepStatus status = outcome.status;
    if (outcome.failure) result.failure = outcome.failure;
    result.steps.push_back(std::move(outcome));
    if (status == StepStatus::error || status == StepStatus::skip_requested) {
      if (status == StepStatus::error) result.status = StepStatus::error;
      for (std::size_t rest = i + 1; rest < context.steps.size(); ++rest) {
        result.not_run.push_back(context.steps[rest].name);
      }
      break;
    }
  }
  result.end = Clock::now();
  return result;
}

// The steps of the directory, and what runs SQL; steps of other types are their plugins' matter.
std::optional<NoResult> collect_steps(JobContext& context) {
  if (!context.directory().empty())
    std::ranges::move(find_steps(context.directory(), context.step_endings),
                      std::back_inserter(context.steps));
  context.runners.try_emplace(std::string(kSqlStep), [](JobContext& running, const Step& step) {
    run_sql_step(running, step, [&running](std::string_view query, std::string_view database) {
      const auto rows = running.execute_query(query, database);
      if (!rows) return;
      try {
        rows->drain();  // the statement is to run to its end, its rows are nobody's
      } catch (const Error&) {
        running.scope().cancellation.check();
        throw;
      }
    });
    return true;
  });
  return std::nullopt;
}

// As upstream does: registered with the first job, so that the steps are there before any ordinary
// implementation of initialize_job.
void register_job_defaults(HookDispatcher& hooks) {
  hooks.initialize_job.add(std::string(kJobPlugin), collect_steps);
  hooks.run_job.add(std::string(kJobPlugin), run_steps, HookOrder::last);
  hooks.run_step.add(std::string(kJobPlugin), run_step, HookOrder::last);
}

// Narrows the steps to those that were asked for.
void select_steps(JobContext& context, const StepSelection& selection) {
  const std::string& wanted =
      selection.only_step.empty() ? selection.from_step : selection.only_step;
  if (wanted.empty()) return;
  const auto found = std::ranges::find(context.steps, wanted, &Step::name);
  if (found == context.steps.end()) {
    std::vector<std::string> names;
    for (const Step& step : context.steps) names.push_back(step.name);
    const auto nearest = nearest_name(wanted, names);
    throw user_error(
        {.what = fmt::format("The job {} has no step '{}'.", context.name(), wanted),
         .why = fmt::format("Its steps are: {}.", join(names, ", ")),
         .consequence = "Nothing was run.",
         .countermeasure = nearest ? fmt::format("Did you mean '{}'?", *nearest)
                                   : std::string("Give the file name of one of these steps.")});
  }
  if (selection.only_step.empty()) {
    context.steps.erase(context.steps.begin(), found);
  } else {
    context.steps = {*found};
  }
}

// Where a run is resumed: its finished steps do not run again.
void leave_out_finished_steps(JobContext& context) {
  const auto& finished = context.scope().finished_steps;
  const std::size_t left_out =
      std::erase_if(context.steps, [&](const Step& step) { return finished.contains(step.name); });
  if (context.scope().resumed.empty()) return;
  log(LogLevel::info, kLogger,
      fmt::format("The execution {} goes on: {} finished {} left out, {} to run.",
                  context.scope().resumed, left_out, plural(left_out, "step is", "steps are"),
                  context.steps.size()));
}

ExecutionResult failed_run(JobContext& context, const std::exception_ptr& error, TimePoint start) {
  ExecutionResult result;
  result.job_name = context.name();
  result.execution_id = context.scope().ids.execution_id;
  result.start = start;
  result.end = Clock::now();
  result.status = StepStatus::error;
  result.failure = describe_failure(error);
  return result;
}

}  // namespace

void initialize(JobContext& context) {
  HookDispatcher& hooks = context.hooks();
  const auto is_ours = [](const auto& known) { return known.plugin == kJobPlugin; };
  if (std::ranges::none_of(hooks.run_job.implementations(), is_ours)) register_job_defaults(hooks);
  hooks.initialize_job.call(context);
  if (!context.template_name().empty()) return;
  select_steps(context, context.scope().selection);
  leave_out_finished_steps(context);
}

ExecutionResult run_data_job(JobContext& context) {
  HookDispatcher& hooks = context.hooks();
  initialize(context);
  const TimePoint start = Clock::now();
  ExecutionResult result;
  try {
    auto answer = hooks.run_job.call_first(context);
    result = answer ? std::move(*answer) : ExecutionResult{};
  } catch (...) {
    result = failed_run(context, std::current_exception(), start);
  }
  const auto finish = [&](const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      if (result.failed()) return;
      result.status = StepStatus::error;
      result.failure = describe_failure(std::current_exception());
      result.end = Clock::now();
    }
  };
  finish([&] { hooks.finalize_job.call(context); });
  // Where an implementation fails, those after it are not called, the core's perhaps.
  finish([&] { context.ingester().close(); });
  return result;
}

void register_core_features(HookDispatcher& hooks) {
  hooks.finalize_job.add("core-ingestion", [](JobContext& context) {
    context.ingester().close();
    context.connections().close_all();
    return std::nullopt;
  });
  hooks.initialize_job.add(
      "core-secrets",
      [](JobContext& context) {
        const bool chosen = !context.configuration().get_string("secrets_default_type").empty();
        if (chosen || context.secrets().available()) {
          apply_secrets(context.configuration(), context.secrets().all());
          redact_sensitive_values(context.configuration());
        }
        return std::nullopt;
      },
      HookOrder::last);
  const auto comments = std::make_shared<std::string>();
  hooks.initialize_job.add("core-query-comments", [comments](JobContext& context) {
    *comments = query_comment(context.name(), context.scope().ids.op_id);
    return std::nullopt;
  });
  hooks.db_connection_before_operation.add(
      "core-query-comments", [comments](ManagedOperation& operation) {
        operation.set_operation(*comments + operation.operation());
        return std::nullopt;
      });
}

std::string query_comment(std::string_view job_name, std::string_view op_id) {
  return fmt::format("-- job_name: {}\n-- op_id: {}\n", job_name, op_id);
}

}  // namespace vdk
