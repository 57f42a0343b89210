#include "cli/command_job.hpp"

#include "cli/job_directory.hpp"
#include "job/cancellation.hpp"
#include "job/job_runner.hpp"

namespace vdk {

int run_as_job(Program& program, const CommandJob& job,
               const std::function<void(JobContext&)>& work) {
  const JobConfig job_config(job.directory);
  const Configuration configuration = program.configure(&job_config, job.settings);
  set_log_level(program.verbosity().value_or(LogLevel::warning));
  EventStream events;
  Cancellation cancellation;
  RunScope scope{.hooks = program.hooks(),
                 .events = events,
                 .cancellation = cancellation,
                 .ids = program.ids(),
                 .start = program.start(),
                 .resumed = job.resumed};
  JobContext context(scope, configuration,
                     {.name = job.name.empty() ? job_name_of(job.directory) : job.name,
                      .directory = job.directory,
                      .team = job.team.empty() ? job_config.team().value_or("") : job.team});
  initialize(context);
  cancellation.on_signal([&context](int) { context.connections().interrupt(); });
  program.host().watch_signals(cancellation);
  std::exception_ptr failure;
  try {
    work(context);
  } catch (...) {
    failure = std::current_exception();
  }
  try {
    program.hooks().finalize_job.call(context);
  } catch (...) {
    if (!failure) failure = std::current_exception();
  }
  const int signal_number = cancellation.signal();
  cancellation.stop();
  if (!failure) return 0;
  if (signal_number != 0) {  // whatever failed, failed for it
    const Cancelled cancelled(signal_number);
    print_error(program.host(), describe_failure(std::make_exception_ptr(cancelled)));
    return cancelled.exit_code();
  }
  std::rethrow_exception(failure);
}

}  // namespace vdk
