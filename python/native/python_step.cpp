#include "python_step.hpp"

#include <unistd.h>

#include "job.hpp"
#include "job/sql_step.hpp"
#include "log_bridge.hpp"
#include "python_error.hpp"
#include "signals.hpp"

namespace vdk {

namespace {

void flush_streams() {
  for (const char* name : {"stdout", "stderr"}) {
    const nb::object stream = nb::module_::import_("sys").attr(name);
    if (!stream.is_none()) stream.attr("flush")();
  }
}

// A child that the step forked and that came back here must not go on with its parent's run: it
// ends as a program of its own would.
[[noreturn]] void end_forked_child(nb::python_error* error) {
  int code = 0;
  if (error) {
    const nb::object exception = nb::borrow(error->value());
    error->restore();
    code = 1;
    if (PyErr_ExceptionMatches(PyExc_SystemExit)) {
      PyErr_Clear();
      const nb::object status = exception.attr("code");
      if (status.is_none()) {
        code = 0;
      } else if (PyLong_Check(status.ptr())) {
        code = static_cast<int>(PyLong_AsLong(status.ptr()) & 0xFF);
      }
    } else {
      PyErr_Print();
    }
  }
  try {
    flush_streams();
  } catch (nb::python_error&) {
    code = code == 0 ? 1 : code;
  }
  _exit(code);
}

template <class Call>
auto run_step_code(JobContext& context, Call&& call) {
  const nb::gil_scoped_acquire lock;
  hand_over_records();
  const StepGuard running;
  try {
    auto result = call();
    hand_over_records();
    if (in_forked_child()) end_forked_child(nullptr);
    return result;
  } catch (nb::python_error& error) {
    if (in_forked_child()) end_forked_child(&error);
    throw_to_core(error, context.directory().string());
  }
}

}  // namespace

PythonJob::PythonJob(JobContext& context) : context_(context) {
  if (context.template_name().empty()) return;
  const nb::gil_scoped_acquire lock;
  template_arguments_ = SharedObject(Job::take_template_arguments());
}

PythonJob::~PythonJob() {
  if (!native_.get().is_valid()) return;
  const nb::gil_scoped_acquire lock;
  if (lock) nb::cast<Job&>(native_.get()).detach();
}

nb::object PythonJob::job_input() {
  if (!job_input_.get().is_valid()) {
    auto* job = new Job(context_);
    const nb::object native = nb::cast(job, nb::rv_policy::take_ownership);
    if (template_arguments_.get().is_valid())
      job->set_arguments(nb::borrow(template_arguments_.get()));
    native_ = SharedObject(native);
    job_input_ = SharedObject(import("vdk.host.job_input").attr("JobInput")(native));
  }
  return nb::borrow(job_input_.get());
}

PythonJob& PythonJob::of(JobContext& context) {
  return *static_cast<PythonJob*>(context.host_data.get());
}

bool run_python_step(JobContext& context, const Step& step) {
  return run_step_code(context, [&] {
    const nb::object job_input = PythonJob::of(context).job_input();
    return nb::cast<bool>(import("vdk.host.python_step")
                              .attr("run_step")(make_str(step.file.string()), make_str(step.name),
                                                make_str(step.job_directory.string()), job_input));
  });
}

bool run_sql_step_in_python(JobContext& context, const Step& step) {
  run_sql_step(context, step, [&context](std::string_view query, std::string_view database) {
    run_step_code(context, [&] {
      const nb::object job_input = PythonJob::of(context).job_input();
      job_input.attr("_run_sql_step")(
          make_str(query), database.empty() ? nb::object(nb::none()) : make_str(database));
      return true;
    });
  });
  return true;
}

}  // namespace vdk
