#include "results.hpp"

#include <optional>

#include <nanobind/stl/string.h>

#include "python_error.hpp"

namespace vdk {

namespace {

constexpr const char* kModule = "vdk.internal.builtin_plugins.run.execution_results";
constexpr const char* kCore = "_core";  // the attribute that keeps the core's own

double seconds(Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Clock::time_point time_of(nb::handle object, const char* attribute) {
  const double since_epoch = nb::cast<double>(
      import(kModule).attr("seconds_of")(nb::object(nb::getattr(object, attribute))));
  return Clock::time_point(
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(since_epoch)));
}

template <class T>
nb::object keep(const T& result) {
  return nb::capsule(new T(result), [](void* kept) noexcept { delete static_cast<T*>(kept); });
}

template <class T>
const T* kept_in(nb::handle object) {
  const nb::object kept = nb::getattr(object, kCore, nb::none());
  if (!PyCapsule_CheckExact(kept.ptr())) return nullptr;
  return static_cast<const T*>(PyCapsule_GetPointer(kept.ptr(), nullptr));
}

StepStatus status_of(nb::handle object) {
  const nb::object text = nb::getattr(object, "status");
  // A member of a text enumeration, or plain text.
  const nb::object plain = nb::getattr(text, "value", text);
  const auto word = nb::cast<std::string>(nb::str(plain));
  for (const StepStatus status :
       {StepStatus::success, StepStatus::not_runnable, StepStatus::skip_requested}) {
    if (word == to_string(status)) return status;
  }
  return StepStatus::error;
}

std::string text_at(nb::handle object, const char* attribute) {
  const nb::object text = nb::getattr(object, attribute, nb::none());
  return text.is_none() ? std::string() : nb::cast<std::string>(nb::str(text));
}

// The exception of a result, as the core throws it.
std::optional<Failure> failure_of(nb::handle object, const std::string& job_directory) {
  const nb::object exception = nb::getattr(object, "exception", nb::none());
  if (exception.is_none()) return std::nullopt;
  try {
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
    nb::raise_python_error();
  } catch (nb::python_error& error) {
    try {
      throw_to_core(error, job_directory);
    } catch (...) {
      return describe_failure(std::current_exception());
    }
  }
}

nb::object exception_of(const std::optional<Failure>& failure) {
  return failure && failure->error ? to_python_exception(failure->error) : nb::none();
}

nb::object blamee_of(const std::optional<Failure>& failure) {
  return failure ? make_str(to_string(failure->resolvable_by)) : nb::none();
}

}  // namespace

nb::object to_python(const StepResult& result) {
  return import(kModule).attr("step_from_core")(
      make_str(result.name), make_str(result.type), seconds(result.start), seconds(result.end),
      make_str(to_string(result.status)), make_str(result.details), exception_of(result.failure),
      blamee_of(result.failure), keep(result));
}

nb::object to_python(const ExecutionResult& result) {
  nb::list steps;
  for (const StepResult& step : result.steps) steps.append(to_python(step));
  return import(kModule).attr("from_core")(
      make_str(result.job_name), make_str(result.execution_id), seconds(result.start),
      seconds(result.end), make_str(to_string(result.status)), steps, exception_of(result.failure),
      blamee_of(result.failure), keep(result));
}

StepResult step_result(nb::handle object, const std::string& job_directory) {
  if (const auto* kept = kept_in<StepResult>(object)) return *kept;
  StepResult result{text_at(object, "name"), text_at(object, "type"), time_of(object, "start_time"),
                    time_of(object, "end_time")};
  result.status = status_of(object);
  result.details = text_at(object, "details");
  result.failure = failure_of(object, job_directory);
  return result;
}

ExecutionResult execution_result(nb::handle object, const std::string& job_directory) {
  const StepStatus status = status_of(object);
  if (const auto* kept = kept_in<ExecutionResult>(object); kept && kept->status == status) {
    return *kept;
  }
  ExecutionResult result{text_at(object, "data_job_name"), text_at(object, "execution_id"),
                         time_of(object, "start_time"), time_of(object, "end_time"), status};
  for (const nb::handle step : nb::object(nb::getattr(object, "steps_list"))) {
    result.steps.push_back(step_result(step, job_directory));
  }
  result.failure = failure_of(object, job_directory);
  if (result.failed() && !result.failure) {
    for (const StepResult& step : result.steps) {
      if (step.failure) result.failure = step.failure;
    }
  }
  return result;
}

}  // namespace vdk
