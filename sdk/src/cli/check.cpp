#include "cli/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/job_directory.hpp"
#include "cli/python_launcher.hpp"
#include "connection/sql_file.hpp"
#include "hooks/plugin_call.hpp"
#include "job/native_plugins.hpp"
#include "job/sql_step.hpp"
#include "job/step_discovery.hpp"

namespace vdk {

namespace {

// Where the engine has a parser that needs no database. What is substituted is not known yet, so
// text with parameters is left to the run.
void check_syntax(PluginIndex& plugins, const Configuration& configuration, const SqlFile& file) {
  if (file.query.find('{') != std::string::npos) return;
  std::vector<std::string> databases = file.databases;
  if (databases.empty()) databases = {configuration.get_string("db_default_type")};
  for (const std::string& database : databases) {
    for (const PluginManifest& manifest : plugins.manifests()) {
      const std::string type = lower(database);
      if (std::ranges::find(manifest.connections, type) == manifest.connections.end() ||
          !manifest.keeps("connection", type)) {
        continue;
      }
      if (const SyntaxCheck* check = plugins.syntax_check(manifest, type)) {
        call_of_plugin(manifest, "its check of SQL", [&] { (*check)(configuration, file.query); });
      }
    }
  }
}

std::vector<StepProblem> check_sql_step(PluginIndex& plugins, const Configuration& configuration,
                                        const Step& step) {
  SqlFile file;
  try {
    file = read_sql_step(step);
    if (split_statements(file.query).empty()) {
      return {{false, "It holds comments only; some databases refuse that."}};
    }
  } catch (const Error& error) {
    return {{true, error.text().why.empty() ? error.text().what : error.text().why}};
  }
  try {
    check_syntax(plugins, configuration, file);
  } catch (const Error& error) {
    if (error.resolvable_by() == ResolvableBy::configuration) {
      return {{false, fmt::format("Its SQL was not parsed. {}", error.text().what)}};
    }
    const auto line = error.place() ? line_of(file, {}, *error.place()) : std::nullopt;
    const std::string place =
        line ? fmt::format("{}:{}: ", step.name, line->number) : std::string();
    return {{true, place + std::string(first_line(error.text().what))}};
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
    if (step.type == kSqlStep) problems = check_sql_step(program.plugins(), configuration, step);
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
