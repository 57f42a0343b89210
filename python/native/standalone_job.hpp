// A job without steps that stays open while its caller works with its job_input: notebooks and
// programs of Python do that.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/program.hpp"
#include "job/cancellation.hpp"
#include "python.hpp"
#include "python_host.hpp"

namespace vdk {

// vdk._native.StandaloneJob. Made, used and dropped with the interpreter lock, which is given away
// while the core works; one thread.
class StandaloneJob {
 public:
  // `directory` may be empty. `arguments` is JSON or empty.
  StandaloneJob(nb::object registry, const std::string& directory, const std::string& name,
                const std::string& arguments, const std::string& template_name);
  ~StandaloneJob();
  static void bind(nb::module_& module);

  // Calls vdk_start, vdk_configure and vdk_initialize.
  void start();
  // Calls initialize_job and run_job with one step that does nothing; returns the job_input.
  [[nodiscard]] nb::object open();
  // Commits what was sent and calls the hooks of the end: finalize_job where nothing failed, else
  // vdk_exception. Throws what finalize_job does, after vdk_exit. Nothing where it is closed
  // already.
  void close(nb::handle failure);

 private:
  // Ends the program, which keeps nothing of Python behind.
  void end();

  std::string directory_;
  std::string name_;
  Value arguments_;
  std::string template_name_;
  std::unique_ptr<PythonHost> host_;  // until the end
  std::unique_ptr<Program> program_;
  Configuration configuration_;
  EventStream events_;
  Cancellation cancellation_;
  std::unique_ptr<RunScope> scope_;  // of the context
  std::unique_ptr<JobContext> context_;
};

}  // namespace vdk
