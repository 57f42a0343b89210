#include "python_step.hpp"

#include <unistd.h>

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include "job.hpp"
#include "job/sql_step.hpp"
#include "log_bridge.hpp"
#include "python_configuration.hpp"
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

}  // namespace

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

namespace {

template <class Call>
auto run_step_code(JobContext& context, Call&& call) {
  const nb::gil_scoped_acquire lock;
  hand_over_records();
  const StepGuard running;
  try {
    auto result = call();
    ask_who_prints();
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
  if (!native_.get().is_valid() && !configuration_.get().is_valid()) return;
  const nb::gil_scoped_acquire lock;
  if (!lock) return;
  if (native_.get().is_valid()) nb::cast<Job&>(native_.get()).detach();
  if (configuration_.get().is_valid())
    nb::cast<PythonConfiguration&>(configuration_.get()).take_back();
}

PythonJob& PythonJob::of(JobContext& context) {
  if (!context.host_data) context.host_data = std::make_shared<PythonJob>(context);
  return *static_cast<PythonJob*>(context.host_data.get());
}

nb::object PythonJob::native() {
  if (!native_.get().is_valid()) {
    auto* job = new Job(context_);
    native_ = SharedObject(nb::cast(job, nb::rv_policy::take_ownership));
    if (template_arguments_.get().is_valid())
      job->set_arguments(nb::borrow(template_arguments_.get()));
    context_.ingester().set_host_gatherer(
        [job] { call_python({}, [job] { job->send_gathered_rows(); }); });
  }
  return nb::borrow(native_.get());
}

nb::object PythonJob::job_input() {
  // A plugin may have put another one there.
  if (python_context_.get().is_valid()) return python_context_.get().attr("job_input");
  if (!job_input_.get().is_valid())
    job_input_ = SharedObject(import("vdk.host.job_input").attr("JobInput")(native()));
  return nb::borrow(job_input_.get());
}

void PythonJob::set_context(nb::object context) {
  python_context_ = SharedObject(std::move(context));
  give_steps();
}

void PythonJob::lend(nb::object configuration) {
  nb::cast<PythonConfiguration&>(configuration).lend(context_.configuration());
  configuration_ = SharedObject(std::move(configuration));
}

nb::object PythonJob::python_steps() const {
  return python_context_.get().attr("step_builder").attr("get_steps")();
}

void PythonJob::take_steps() {
  const nb::object steps = python_steps();
  context_.steps.clear();
  for (const nb::handle step : steps) context_.steps.push_back(core_step(step));
  taken_ = SharedObject(steps);
}

void PythonJob::take_changed_steps() {
  const nb::list now(python_steps());
  const nb::list before(nb::borrow(taken_.get().is_valid() ? taken_.get() : nb::handle(now)));
  bool same = now.size() == before.size();
  for (std::size_t i = 0; same && i < now.size(); ++i) same = now[i].is(before[i]);
  if (!same) take_steps();
}

void PythonJob::give_steps() {
  if (!python_context_.get().is_valid()) return;
  const nb::object builder = python_context_.get().attr("step_builder");
  for (Step& step : context_.steps) {
    if (!step.host_data) builder.attr("add_step")(step_object(step));
  }
  take_steps();
}

nb::object PythonJob::step_object(const Step& step) {
  if (step.host_data) return nb::borrow(static_cast<SharedObject*>(step.host_data.get())->get());
  return import("vdk.host.contexts")
      .attr("python_step")(nb::make_tuple(make_str(step.name), make_str(step.type),
                                          make_str(step.file.string()),
                                          make_str(step.job_directory.string())));
}

Step PythonJob::core_step(nb::handle step) const {
  const auto [name, type, file, directory, plain] =
      nb::cast<std::tuple<std::string, std::string, std::string, std::string, bool>>(
          import("vdk.host.contexts").attr("core_fields")(step));
  Step made{name, type, file, directory};
  made.host_data = std::make_shared<SharedObject>(nb::borrow(step));
  if (!plain) made.run = run_plugin_step;
  return made;
}

bool run_python_step(JobContext& context, const Step& step) {
  return run_step_code(context, [&] {
    const nb::object job_input = PythonJob::of(context).job_input();
    return nb::cast<bool>(import("vdk.host.python_step")
                              .attr("run_step")(make_str(step.file.string()), make_str(step.name),
                                                make_str(step.job_directory.string()), job_input));
  });
}

bool run_plugin_step(JobContext& context, const Step& step) {
  return run_step_code(context, [&] {
    PythonJob& job = PythonJob::of(context);
    return nb::cast<bool>(import("vdk.host.python_step")
                              .attr("run_plugin_step")(job.step_object(step), job.job_input()));
  });
}

namespace {

void send_text(nb::handle job_input, std::string_view query, std::string_view database) {
  job_input.attr("_run_sql_step")(make_str(query),
                                  database.empty() ? nb::object(nb::none()) : make_str(database));
}

}  // namespace

bool run_sql_step_in_python(JobContext& context, const Step& step) {
  run_sql_step(context, step, [&context](std::string_view query, std::string_view database) {
    run_step_code(context, [&] {
      send_text(PythonJob::of(context).job_input(), query, database);
      return true;
    });
  });
  return true;
}

bool run_sql_step_of_plugin(nb::handle job_input, const std::string& name, const std::string& file,
                            const std::string& job_directory) {
  JobContext& context = nb::cast<Job&>(nb::object(job_input.attr("_native_job")())).context();
  const Step step{name, std::string(kSqlStep), file, job_directory};
  run_sql_step(context, step, [&](std::string_view query, std::string_view database) {
    call_python(job_directory, [&] { send_text(job_input, query, database); });
  });
  return true;
}

}  // namespace vdk
