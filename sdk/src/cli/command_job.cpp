#include "cli/command_job.hpp"

#include "cli/job_directory.hpp"
#include "job/cancellation.hpp"
#include "job/job_runner.hpp"

namespace vdk {

int run_as_job(Program& program, const std::vector<std::string>& settings,
               const std::function<void(JobContext&)>& work, const std::string& resumed) {
  const std::filesystem::path directory = std::filesystem::current_path();
  const JobConfig job_config(directory);
  const Configuration configuration = program.configure(&job_config, settings);
  set_log_level(program.verbosity().value_or(LogLevel::warning));
  EventStream events;
  Cancellation cancellation;
  RunScope scope{.hooks = program.hooks(),
                 .events = events,
                 .cancellation = cancellation,
                 .ids = program.ids(),
                 .start = program.start(),
                 .resumed = resumed};
  JobContext context(scope, configuration,
                     {.name = job_name_of(directory),
                      .directory = directory,
                      .team = job_config.team().value_or("")});
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
