#include "cli/program.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "cli/debug_hooks.hpp"
#include "job/job_runner.hpp"
#include "job/run_options.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

constexpr int kUsageError = 2;

// The job's Python environment, which may name native plugins. What only tells the version does not
// ask for it.
PythonEnvironment environment_of(const std::vector<std::string>& arguments) {
  if (std::ranges::find(arguments, "--version") != arguments.end()) return {};
  try {
    return inspect_environment(find_interpreter());
  } catch (const Error&) {
    return {};  // no interpreter, no environment
  }
}

}  // namespace

Host::~Host() = default;

std::vector<PluginReport> Host::python_plugins(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions) {
  return report_distributions(plugins, distributions);
}

void Host::own_hooks(Program&) {}

std::optional<int> Host::run_command_line(Program&) { return std::nullopt; }

std::vector<StepProblem> Host::check_python_step(const Step&) { return {}; }

Program::Program(Host& host, std::vector<std::string> arguments)
    : host_(host),
      arguments_(std::move(arguments)),
      words_(arguments_),
      plugins_(environment_of(arguments_)) {
  if (host_.runs_python()) {
    std::vector<std::string> loaded;
    for (const PluginDistribution& plugin : plugins_.environment().plugins)
      loaded.push_back(plugin.name);
    plugins_.yield_to(loaded);
  }
  // As upstream does: what is registered before the core comes after it among equals.
  host_.register_features(hooks_, plugins_);
  register_configuration();
  register_core_features(hooks_);
  register_core_commands(hooks_, plugins_, [this] { return needs_declared_commands(); });
  register_debug_hooks(hooks_, [this](std::string_view text) { host_.write_err(text); });
}

Program::~Program() = default;

// Reading them all takes a tenth of the time of a small run.
bool Program::needs_declared_commands() const {
  const bool runs_a_job = !words_.empty() && words_.front() == "run";
  return !runs_a_job || host_.runs_python() ||
         std::ranges::any_of(plugins_.manifests(), [](const PluginManifest& manifest) {
           return std::ranges::find(manifest.commands.names(), "run") !=
                  manifest.commands.names().end();
         });
}

void Program::register_configuration() {
  hooks_.vdk_configure.add(
      "core-options",
      [](ConfigurationBuilder& builder) {
        declare_core_options(builder);
        declare_ingest_options(builder);
        declare_state_options(builder);
        declare_run_options(builder);
        return std::nullopt;
      },
      HookOrder::first);
  hooks_.vdk_configure.add(
      "core-environment",
      [](ConfigurationBuilder& builder) {
        apply_environment(builder, process_environment());
        return std::nullopt;
      },
      HookOrder::last);
  hooks_.vdk_configure.add(
      "core-config-ini",
      [this](ConfigurationBuilder& builder) {
        if (job_) job_->apply(builder);
        return std::nullopt;
      },
      HookOrder::first);
}

Configuration Program::configure(const JobConfig* job, const std::vector<std::string>& settings) {
  if (ahead_) {
    if (settings == ahead_->settings) return ahead_->configuration;
    ConfigurationBuilder builder(ahead_->configuration);
    apply_command_line(builder, settings);
    return std::move(builder).build();
  }
  ConfigurationBuilder builder;
  job_ = job;
  hooks_.vdk_configure.call(builder);
  job_ = nullptr;
  // Options may have been declared behind the environment's turn.
  apply_environment(builder, process_environment());
  apply_command_line(builder, settings);
  Configuration configuration = std::move(builder).build();
  redact_sensitive_values(configuration);
  ids_ = make_run_ids(configuration.get_string("op_id"), configuration.get_string("execution_id"),
                      configuration.get_string("attempt_id"));
  hooks_.vdk_initialize.call(configuration);
  configured_ = true;
  return configuration;
}

Configuration& Program::configure_ahead(const std::filesystem::path& job_directory,
                                        const std::vector<std::string>& settings) {
  std::optional<JobConfig> job;
  if (!job_directory.empty()) job.emplace(job_directory);
  ahead_ = Ahead{configure(job ? &*job : nullptr, settings), settings};
  return ahead_->configuration;
}

bool Program::is_handled(const Failure& failure) {
  const auto ask = [this](const Error& error) {
    try {
      const auto answers = hooks_.vdk_exception.call(error);
      return std::ranges::any_of(answers, [](bool handled) { return handled; });
    } catch (...) {
      print_error(host_, describe_failure(std::current_exception()));
      return false;
    }
  };
  if (failure.error) {
    try {
      std::rethrow_exception(failure.error);
    } catch (const Error& error) {
      return ask(error);
    } catch (...) {
      // Described below.
    }
  }
  return ask(Error(failure.resolvable_by, {.what = failure.message}));
}

void Program::leave(int exit_code) {
  if (!std::exchange(left_, true)) hooks_.vdk_exit.call(exit_code);
}

void print_error(Host& host, const Failure& failure) {
  const std::string message = redact(failure.message);
  std::string text = fmt::format("{}: {}\n", failure.type_name, message);
  for (const std::string& location : failure.locations) text += fmt::format("  at {}\n", location);
  host.write_err(text);
}

void Program::write_early_termination(TerminationStatus status) noexcept {
  try {
    ConfigurationBuilder builder;
    declare_termination_options(builder);
    apply_environment(builder, process_environment());
    TerminationFile(builder.build()).write(status);
  } catch (const std::exception&) {
    // The environment says nothing that can be understood; there is nowhere to write to.
  }
}

void Program::begin() {
  host_.own_hooks(*this);
  hooks_.vdk_start.call_historic(words_);
}

int Program::run() {
  try {
    begin();
    commands_ = gather_commands(hooks_);
  } catch (...) {
    // No word was looked at yet; whoever waits for the outcome of a run must not read an old one.
    if (std::ranges::find(words_, "run") != words_.end())
      write_early_termination(TerminationStatus::platform_error);
    print_error(host_, describe_failure(std::current_exception()));
    return 1;
  }
  failure_ = nullptr;
  std::optional<int> exit_code;
  const int failed = execute({}, [&] {
    exit_code = host_.run_command_line(*this);
    return exit_code.value_or(0);
  });
  if (exit_code || failed != 0 || failure_) return finish(failed);
  return run_command_line();
}

int Program::run_command_line() {
  std::size_t at = 0;
  try {
    for (; at < words_.size() && words_[at].starts_with('-'); ++at) {
      const std::string& word = words_[at];
      if (word == "--help" || word == "-h") {
        host_.write_out(program_help(commands_));
        return 0;
      }
      if (word == "--version") {
        host_.write_out(fmt::format("vdk {}\n", version()));
        return 0;
      }
      std::string level;
      if (word == "-v" || word == "--verbosity") {
        if (++at == words_.size())
          throw UsageError(fmt::format("Option '{}' requires an argument.", word));
        level = words_[at];
      } else if (word.starts_with("--verbosity=")) {
        level = word.substr(word.find('=') + 1);
      } else {
        throw UsageError(fmt::format("No such option: {}", word));
      }
      verbosity_ = parse_log_level(level);
      if (!verbosity_) {
        throw UsageError(
            "Invalid value for '--verbosity' / '-v': Must be CRITICAL, ERROR, WARNING, INFO or "
            "DEBUG, not " +
            level);
      }
    }
  } catch (const UsageError& error) {
    if (std::ranges::find(words_, "run") != words_.end())
      write_early_termination(TerminationStatus::user_error);
    host_.write_err(fmt::format(
        "Usage: vdk [OPTIONS] COMMAND [ARGS]...\nTry 'vdk --help' for help.\n\nError: {}\n",
        error.message()));
    return kUsageError;
  }
  if (at == words_.size()) {
    host_.write_out(program_help(commands_));
    return 0;
  }

  const std::string& name = words_[at];
  const auto command = std::ranges::find(commands_, name, &Command::name);
  if (command == commands_.end()) {
    std::vector<std::string> names;
    for (const Command& known : commands_) names.push_back(known.name);
    const auto nearest = nearest_name(name, names);
    host_.write_err(
        fmt::format("Usage: vdk [OPTIONS] COMMAND [ARGS]...\nTry 'vdk --help' for help.\n\nError: "
                    "No such command '{}'.{}\n",
                    name, nearest ? fmt::format(" Did you mean '{}'?", *nearest) : std::string()));
    return kUsageError;
  }
  const std::vector<std::string> words(words_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                       words_.end());
  const auto end_of_options = std::ranges::find(words, "--");
  if (std::find(words.begin(), end_of_options, "--help") != end_of_options) {
    host_.write_out(command_help(*command));
    return 0;
  }
  return finish(execute(*command, words));
}

int Program::finish(int exit_code) {
  if (!configured_) return exit_code;
  try {
    leave(exit_code);
  } catch (...) {
    print_error(host_, describe_failure(std::current_exception()));
    if (exit_code == 0) exit_code = 1;
  }
  return exit_code;
}

int Program::execute(const Command& command, const std::vector<std::string>& words) {
  return execute(command, [&] {
    Invocation invocation(*this, parse_command_line(command, words));
    return command.run(invocation);
  });
}

int Program::execute(const Command& command,
                     std::map<std::string, std::vector<std::string>> values) {
  return execute(command, [&] {
    Invocation invocation(*this, std::move(values));
    return command.run(invocation);
  });
}

int Program::execute(const Command& command, const std::function<int()>& run) {
  failure_ = nullptr;
  try {
    return run();
  } catch (const UsageError& error) {
    if (command.name == "run") write_early_termination(TerminationStatus::user_error);
    host_.write_err(fmt::format("{}Try 'vdk {} --help' for help.\n\nError: {}\n",
                                usage_line(command), command.name, error.message()));
    return kUsageError;
  } catch (...) {
    failure_ = std::current_exception();
    const Failure failure = describe_failure(failure_);
    print_error(host_, failure);
    return configured_ && is_handled(failure) ? 0 : 1;
  }
}

int run_program(const std::vector<std::string>& arguments, Host& host) {
  return Program(host, arguments).run();
}

}  // namespace vdk
