// Python steps.
#pragma once

#include "job/job_context.hpp"
#include "python.hpp"

namespace vdk {

// What the host keeps for a job context: the object that steps get as job_input, and what plugins
// get. Made at the first use. Members need the interpreter lock.
class PythonJob {
 public:
  explicit PythonJob(JobContext& context);
  ~PythonJob();
  PythonJob(const PythonJob&) = delete;
  PythonJob& operator=(const PythonJob&) = delete;

  // Made where the context has none yet.
  [[nodiscard]] static PythonJob& of(JobContext& context);

  [[nodiscard]] nb::object job_input();
  [[nodiscard]] nb::object native();  // vdk._native.Job

  // The JobContext of Python, where plugins have asked for it; else null.
  [[nodiscard]] nb::handle context() const noexcept { return python_context_.get(); }
  void set_context(nb::object context);
  // The PythonConfiguration is that of this job until the job ends.
  void lend(nb::object configuration);

  // The steps of the context from those of Python's, and the other way round: steps that only the
  // core knows are added there.
  void take_steps();
  void take_changed_steps();
  void give_steps();
  // One of them. A step that came from Python is the very object.
  [[nodiscard]] nb::object step_object(const Step& step);
  [[nodiscard]] Step core_step(nb::handle step) const;

 private:
  [[nodiscard]] nb::object python_steps() const;

  JobContext& context_;
  SharedObject template_arguments_;
  SharedObject native_;
  SharedObject job_input_;
  SharedObject python_context_;
  SharedObject configuration_;
  SharedObject taken_;  // the list of steps as it was taken last
};

// A child that a step or a plugin forked and that came back to the core must not go on with its
// parent's run: it ends as a program of its own would, after this error or without one. Needs the
// interpreter lock.
[[noreturn]] void end_forked_child(nb::python_error* error);

// Runs a Python step in the calling thread; says whether there was something to run.
bool run_python_step(JobContext& context, const Step& step);

// Runs a step of a plugin, or one whose function a plugin has replaced: calls that function.
bool run_plugin_step(JobContext& context, const Step& step);

// Runs a SQL step through the job_input's own execute_query, which plugins may have replaced.
bool run_sql_step_in_python(JobContext& context, const Step& step);

// The same for a plugin that calls it itself: sends the text of the file through the execute_query
// of that job_input. Returns True. Needs the interpreter lock.
bool run_sql_step_of_plugin(nb::handle job_input, const std::string& name, const std::string& file,
                            const std::string& job_directory);

}  // namespace vdk
