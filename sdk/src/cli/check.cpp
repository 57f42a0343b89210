#include "cli/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/job_directory.hpp"
#include "cli/python_launcher.hpp"
#include "connection/sql_file.hpp"
#include "job/native_plugins.hpp"
#include "job/sql_step.hpp"
#include "job/step_discovery.hpp"

namespace vdk {

namespace {

std::vector<StepProblem> check_sql_step(const Step& step) {
  try {
    const SqlFile file = read_sql_step(step);
    if (split_statements(file.query).empty()) {
      return {{false, "It holds comments only; some databases refuse that."}};
    }
  } catch (const Error& error) {
    return {{true, error.text().why.empty() ? error.text().what : error.text().why}};
  }
  return {};
}

}  // namespace

int check_job(Program& program, const std::filesystem::path& directory) {
  Host& host = program.host();
  const std::vector<Step> steps = find_steps(directory, step_endings(program.plugins()));
  const bool has_python =
      std::ranges::any_of(steps, [](const Step& s) { return s.type == kPythonStep; });
  if (has_python && !host.runs_python())
    continue_in_python(program.plugins().environment(), program.arguments());

  const JobConfig job_config(directory);
  const Configuration configuration = program.configure(&job_config, {});
  for (const std::string& warning : unknown_key_warnings(configuration)) {
    host.write_err(fmt::format("WARNING: {}\n", warning));
  }
  bool good = true;
  if (steps.empty()) {
    host.write_out("There is no file ending in .sql or .py: the job has no steps.\n");
    good = false;
  }
  for (const Step& step : steps) {
    std::vector<StepProblem> problems;  // none: a plugin's steps are the plugin's to judge
    if (step.type == kSqlStep) problems = check_sql_step(step);
    if (step.type == kPythonStep) problems = host.check_python_step(step);
    host.write_out(fmt::format("{:<40} {}\n", step.name, problems.empty() ? "ok" : ""));
    for (const StepProblem& problem : problems) {
      host.write_out(fmt::format("  {}: {}\n", problem.fatal ? "error" : "warning", problem.text));
      good = good && !problem.fatal;
    }
  }
  return good ? 0 : 1;
}

}  // namespace vdk
