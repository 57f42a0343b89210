#include "cli/command.hpp"
#include "cli/job_directory.hpp"
#include "cli/program.hpp"
#include "config/report.hpp"

namespace vdk {

namespace {

int run_config(Invocation& invocation) {
  Program& program = invocation.program();
  const JobConfig job_config(existing_directory(
      invocation.has("directory") ? invocation.get("directory") : std::string("."),
      "DATA_JOB_DIRECTORY"));
  const Configuration configuration = program.configure(&job_config, invocation.all("config"));
  const bool everything = invocation.has("all");
  for (const std::string& warning : unknown_key_warnings(configuration))
    program.host().write_err(warning + '\n');
  program.host().write_out(invocation.get("output") == "json"
                               ? to_json(explain_json(configuration, everything), 2) + '\n'
                               : explain_text(configuration, everything));
  return 0;
}

int run_config_help(Invocation& invocation) {
  Program& program = invocation.program();
  const Configuration configuration = program.configure(nullptr, {});
  program.host().write_out(invocation.get("output") == "json"
                               ? to_json(config_help_json(configuration), 2) + '\n'
                               : config_help_text(configuration));
  return 0;
}

CommandOption output_option() {
  return {.names = "-o,--output",
          .key = "output",
          .help = "How it is printed.",
          .choices = {"text", "json"},
          .default_value = "text"};
}

}  // namespace

Command config_command() {
  return {
      .name = "config",
      .summary =
          "Show the configuration of a job: each value, where it came from and what it overrode.\n"
          "Sensitive values are masked.",
      .examples = "vdk config my-job\nvdk config my-job --all --output json",
      .arguments = {{.key = "directory",
                     .metavar = "DATA_JOB_DIRECTORY",
                     .help = "The job; the current directory where none is given.",
                     .required = false}},
      .options = {{.names = "-c,--config",
                   .key = "config",
                   .metavar = "KEY=VALUE",
                   .help = "As for vdk run.",
                   .repeated = true},
                  {.names = "-a,--all",
                   .key = "all",
                   .help = "Show options with their default values too."},
                  output_option()},
      .run = run_config};
}

Command config_help_command() {
  return {.name = "config-help",
          .summary = "List every configuration option with its meaning and default.",
          .examples = "vdk config-help\nvdk config-help --output json",
          .options = {output_option()},
          .run = run_config_help};
}

}  // namespace vdk
