#include "job/run_summary.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace {

Value blamee(const std::optional<Failure>& failure) {
  return failure ? Value(to_string(failure->resolvable_by)) : Value();
}

Value details(const std::optional<Failure>& failure, const std::string& otherwise) {
  if (failure) return redact(failure->message);
  return otherwise.empty() ? Value() : Value(otherwise);
}

}  // namespace

Value summary_json(const ExecutionResult& result) {
  Value::List steps;
  for (const StepResult& step : result.steps) {
    Value entry;
    entry.set("name", step.name);
    entry.set("status", to_string(step.status));
    entry.set("blamee", blamee(step.failure));
    entry.set("details", details({}, step.failure ? std::string() : step.details));
    steps.push_back(std::move(entry));
  }
  Value summary;
  summary.set("steps", std::move(steps));
  summary.set("status", to_string(result.status));
  summary.set("blamee", blamee(result.failure));
  summary.set("details", details(result.failure, {}));
  return summary;
}

std::string summary_text(const ExecutionResult& result) {
  std::string text =
      fmt::format("Job execution result: {}\nStep results:\n", upper(to_string(result.status)));
  for (const StepResult& step : result.steps) {
    text += fmt::format("{} - {}\n", step.name, upper(to_string(step.status)));
    if (!step.failure) continue;
    for (const std::string& location : step.failure->locations)
      text += fmt::format("  at {}\n", location);
    text += fmt::format("{}: {}\n", step.failure->type_name, redact(step.failure->message));
  }
  const bool a_step_says_why =
      std::ranges::any_of(result.steps, [](const StepResult& s) { return s.failure.has_value(); });
  if (result.failure && !a_step_says_why) {
    for (const std::string& location : result.failure->locations)
      text += fmt::format("  at {}\n", location);
    text += fmt::format("{}: {}\n", result.failure->type_name, redact(result.failure->message));
  }
  if (!result.not_run.empty()) text += fmt::format("Not run: {}\n", join(result.not_run, ", "));
  return text;
}

Value result_json(const ExecutionResult& result) {
  Value::List steps;
  for (const StepResult& step : result.steps) {
    Value entry;
    entry.set("name", step.name);
    entry.set("type", step.type);
    entry.set("start_time", to_python_iso(step.start));
    entry.set("end_time", to_python_iso(step.end));
    entry.set("status", to_string(step.status));
    entry.set("details", details(step.failure, step.details));
    entry.set("exception", step.failure ? Value(step.failure->type_name) : Value());
    entry.set("blamee", blamee(step.failure));
    steps.push_back(std::move(entry));
  }
  Value json;
  json.set("data_job_name", result.job_name);
  json.set("execution_id", result.execution_id);
  json.set("start_time", to_python_iso(result.start));
  json.set("end_time", to_python_iso(result.end));
  json.set("status", to_string(result.status));
  json.set("steps_list", std::move(steps));
  json.set("exception", result.failure ? Value(result.failure->type_name) : Value());
  json.set("blamee", blamee(result.failure));
  return json;
}

}  // namespace vdk
