// Python steps.
#pragma once

#include "job/job_context.hpp"
#include "python.hpp"

namespace vdk {

// What the host keeps for a job context: the object that steps get as job_input. Made at the first
// use.
class PythonJob {
 public:
  explicit PythonJob(JobContext& context);
  ~PythonJob();
  PythonJob(const PythonJob&) = delete;
  PythonJob& operator=(const PythonJob&) = delete;

  // Needs the interpreter lock.
  [[nodiscard]] nb::object job_input();

  [[nodiscard]] static PythonJob& of(JobContext& context);

 private:
  JobContext& context_;
  SharedObject template_arguments_;
  SharedObject native_;     // vdk._native.Job
  SharedObject job_input_;  // JobInput
};

// Runs a Python step in the calling thread; says whether there was something to run.
bool run_python_step(JobContext& context, const Step& step);

// Runs a SQL step through the job_input's own execute_query, which plugins may have replaced.
bool run_sql_step_in_python(JobContext& context, const Step& step);

}  // namespace vdk
