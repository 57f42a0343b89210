#include "cli/doctor.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "cli/job_directory.hpp"
#include "cli/plugin_report.hpp"
#include "config/sources.hpp"
#include "job/cancellation.hpp"
#include "job/native_plugins.hpp"
#include "job/step_discovery.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

// What the process reads besides options.
constexpr std::array<std::string_view, 5> kVariables = {
    "VDK_PYTHON", "VDK_PLUGIN_PATH", "VDK_STATE_DIRECTORY", "VDK_DEBUG_HOOKS_ENABLED",
    "VDK_KILL_POINT"};
constexpr std::chrono::seconds kLongestCheck{60};

class Examination {
 public:
  Examination(Program& program, const std::optional<fs::path>& job)
      : program_(program), job_(job) {}

  std::vector<Finding> run(const std::vector<std::string>& settings) {
    interpreter();
    plugins();
    const std::optional<JobConfig> ini = read_ini();
    const std::optional<Configuration> configuration = configure(ini, settings);
    if (configuration) {
      keys(ini, *configuration);
      default_database(*configuration);
      termination_file(*configuration);
    }
    if (job_) steps();
    return std::move(findings_);
  }

 private:
  void fact(std::string_view subject, std::string text) {
    findings_.push_back({Concern::fact, std::string(subject), std::move(text)});
  }
  void note(std::string_view subject, std::string text) {
    findings_.push_back({Concern::note, std::string(subject), std::move(text)});
  }
  void attention(std::string_view subject, std::string text, std::string remedy) {
    findings_.push_back(
        {Concern::attention, std::string(subject), std::move(text), std::move(remedy)});
  }
  void attention(std::string_view subject, const Error& error) {
    const ErrorText& text = error.text();
    attention(subject, text.why.empty() ? text.what : text.what + ' ' + text.why,
              text.countermeasure);
  }

  void interpreter() {
    try {
      const Interpreter found = find_interpreter();
      const PythonEnvironment environment = inspect_environment(found);
      distributions_ = environment.plugins;
      if (environment.version.empty()) {
        attention(
            "interpreter",
            fmt::format("{} (by {}) does not run.", found.executable.string(), found.chosen_by),
            "Set VDK_PYTHON to a Python interpreter that runs here.");
        return;
      }
      fact("interpreter", fmt::format("{}, Python {} (by {})", found.executable.string(),
                                      environment.version, found.chosen_by));
    } catch (const Error& error) {
      note("interpreter", fmt::format("None: {}", error.text().why));
    }
  }

  void plugins() {
    std::vector<PluginReport> reports = report_native_plugins(program_.plugins(), distributions_);
    for (PluginReport& report : program_.host().python_plugins(program_.plugins(), distributions_))
      reports.push_back(std::move(report));
    for (const PluginReport& report : reports) {
      const std::string name =
          fmt::format("{} {} ({}, {})", report.name, report.version, report.kind, report.source);
      if (report.state == to_string(PluginState::failed)) {
        attention("plugins", fmt::format("{} cannot be used: {}.", name, report.cause),
                  "Mend or remove it; see `vdk plugins`.");
      } else if (report.state == to_string(PluginState::shadowed)) {
        note("plugins", fmt::format("{} is shadowed: {}.", name, report.cause));
      } else {
        fact("plugins", fmt::format("{}: {}", name, report.state));
      }
    }
    for (const PluginManifest& manifest : program_.plugins().manifests()) {
      for (const LostContribution& lost : manifest.lost) {
        note("plugins", fmt::format("The {} '{}' is that of the plugin {}; {} has one too.",
                                    lost.kind, lost.name, lost.winner, manifest.name));
      }
    }
  }

  std::optional<JobConfig> read_ini() {
    if (!job_) return std::nullopt;
    try {
      return JobConfig(*job_);
    } catch (const Error& error) {
      attention("config.ini", error);
      return std::nullopt;
    }
  }

  std::optional<Configuration> configure(const std::optional<JobConfig>& ini,
                                         const std::vector<std::string>& settings) {
    try {
      return program_.configure(ini ? &*ini : nullptr, settings);
    } catch (const Error& error) {
      attention("configuration", error);
      return std::nullopt;
    }
  }

  void keys(const std::optional<JobConfig>& ini, const Configuration& configuration) {
    if (ini) {
      for (const std::string& warning : ini->warnings(configuration))
        attention("config.ini", warning, "Correct or remove it.");
    }
    for (const std::string& warning : unknown_key_warnings(configuration))
      attention("configuration", warning, "Correct it, or install the plugin that knows it.");
    for (const std::string& section : configuration.sections()) {
      for (const std::string& key : configuration.keys(section))
        overridden(configuration, key, section);
    }
    variables(configuration);
  }

  // A line of config.ini that something else wins over.
  void overridden(const Configuration& configuration, const std::string& key,
                  const std::string& section) {
    const std::vector<Assignment> history = configuration.history(key, section);
    if (history.empty()) return;
    const Origin& winner = history.back().origin;
    for (const Assignment& assignment : history) {
      const Origin& origin = assignment.origin;
      if (origin.kind != OriginKind::config_ini || winner.kind == OriginKind::config_ini) continue;
      note("configuration", fmt::format("{}: '{}' has no effect here, for {} sets it too.",
                                        origin.where, key, winner.where));
    }
  }

  void variables(const Configuration& configuration) {
    constexpr std::string_view kPrefix = "VDK_";
    const auto folded = [](std::string_view key) {
      return replace_all(replace_all(lower(key), ".", "_"), "-", "_");
    };
    std::vector<std::string> known;
    for (const std::string& section : configuration.sections()) {
      for (const std::string& key : configuration.keys(section)) {
        known.push_back(section == kMainSection ? folded(key) : folded(section + '_' + key));
      }
    }
    for (const auto& [name, value] : process_environment()) {
      if (!name.starts_with(kPrefix) || std::ranges::find(kVariables, name) != kVariables.end()) {
        continue;
      }
      const std::string key = folded(std::string_view(name).substr(kPrefix.size()));
      if (std::ranges::find(known, key) != known.end()) continue;
      const auto near = nearest_name(key, known);
      attention("configuration",
                fmt::format("The environment variable {} has no effect: there is no option '{}'.",
                            name, key),
                near ? fmt::format("Did you mean VDK_{}?", upper(*near))
                     : "Unset it, or install the plugin that knows it.");
    }
  }

  void default_database(const Configuration& configuration) {
    EventStream events;
    Cancellation cancellation;
    RunScope scope{.hooks = program_.hooks(),
                   .events = events,
                   .cancellation = cancellation,
                   .ids = {},
                   .start = std::chrono::system_clock::now()};
    JobContext context(scope, configuration,
                       {.name = job_ ? job_name_of(*job_) : "doctor",
                        .directory = job_.value_or(fs::path()),
                        .team = {}});
    register_native_contributions(context, program_.plugins());
    const std::vector<Assignment> history = configuration.history("db_default_type");
    try {
      const std::string type = context.connections().default_type(configuration);
      if (!configuration.get_string("db_default_type").empty()) {
        const std::string where = history.empty() ? std::string() : history.back().origin.where;
        const std::vector<std::string> known = context.connections().types();
        // Python plugins register theirs when a job begins.
        if (std::ranges::find(known, type) == known.end() && distributions_.empty()) {
          const auto near = nearest_name(type, known);
          attention("default database",
                    fmt::format("'{}', by {}, which no plugin knows. Known are: {}.", type, where,
                                join(known, ", ")),
                    near ? fmt::format("Did you mean '{}'?", *near)
                         : "Correct db_default_type, or install the plugin.");
          return;
        }
        fact("default database", fmt::format("{}, by {}", type, where));
      } else if (type == "sqlite" && distributions_.empty()) {
        fact("default database",
             "sqlite: db_default_type is not set, and no installed plugin "
             "brings another");
      } else {
        fact("default database",
             fmt::format("{}: db_default_type is not set, and it is the only one that installed "
                         "plugins bring",
                         type));
      }
    } catch (const Error& error) {
      attention("default database", error);
    }
  }

  void termination_file(const Configuration& configuration) {
    constexpr std::string_view kSubject = "termination file";
    if (!configuration.get_bool("termination_message_writer_enabled")) {
      fact(kSubject, "None: termination_message_writer_enabled is off");
      return;
    }
    const fs::path path = configuration.get_string("termination_message_writer_output_file");
    std::error_code ignored;
    const bool is_default = configuration.is_default("termination_message_writer_output_file");
    if (is_default && !fs::exists(path, ignored)) {
      fact(kSubject, fmt::format("None: {} is the platform's, and is not here", path.string()));
      return;
    }
    const fs::path written = fs::exists(path, ignored) ? path : fs::absolute(path).parent_path();
    if (fs::exists(written, ignored) && access(written.c_str(), W_OK) != 0) {
      attention(kSubject, fmt::format("{} cannot be written.", path.string()),
                "Correct termination_message_writer_output_file, or the rights of the file.");
      return;
    }
    fact(kSubject, path.string());
  }

  // Whatever `vdk run --check` finds, in a process of its own: it may need an interpreter, which
  // may be what is wrong.
  void steps() {
    constexpr std::string_view kSubject = "steps";
    std::vector<Step> steps;
    try {
      steps = find_steps(*job_, step_endings(program_.plugins()));
    } catch (const Error& error) {
      attention(kSubject, error);
      return;
    }
    if (steps.empty()) {
      attention(kSubject, "The job has none: no file ends in .sql or .py.",
                "Add a step, for example 10_hello.sql.");
      return;
    }
    const auto checked = run_process(
        {(installation_prefix() / "bin" / "vdk").string(), "run", job_->string(), "--check"},
        kLongestCheck);
    if (!checked) {
      note(kSubject, fmt::format("{} steps, which could not be parsed.", steps.size()));
      return;
    }
    std::string step;
    std::size_t problems = 0;
    for (const std::string& line : split(checked->out, '\n')) {
      if (line.empty()) continue;
      if (!line.starts_with(' ')) {
        step = trim(line.substr(0, line.find_last_not_of(' ') + 1));
        continue;
      }
      ++problems;
      attention(kSubject, fmt::format("{}: {}", step, trim(line)),
                "Correct the step: it would fail, or silently not run.");
    }
    if (problems == 0 && checked->exit_code != 0) {
      attention(kSubject,
                fmt::format("They could not be parsed: {}", trim(first_line(checked->err))),
                "See `vdk run --check`.");
    }
    std::vector<std::string> names;
    for (const Step& each : steps) names.push_back(each.name);
    fact(kSubject, join(names, ", "));
  }

  Program& program_;
  const std::optional<fs::path>& job_;
  std::vector<PluginDistribution> distributions_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view to_string(Concern concern) noexcept {
  switch (concern) {
    case Concern::fact:
      return "ok";
    case Concern::note:
      return "note";
    case Concern::attention:
      break;
  }
  return "attention";
}

std::vector<Finding> examine(Program& program, const std::optional<fs::path>& job,
                             const std::vector<std::string>& settings) {
  return Examination(program, job).run(settings);
}

}  // namespace vdk
