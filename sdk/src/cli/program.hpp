// The program: what `vdk ARGUMENTS` does, in the native process or inside a Python interpreter.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "cli/command.hpp"
#include "cli/plugin_report.hpp"
#include "config/sources.hpp"
#include "hooks/plugin_index.hpp"
#include "job/job_context.hpp"
#include "job/termination_file.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

class Program;
class TerminalView;

// What a check of a step found.
struct StepProblem {
  bool fatal = false;  // false: the step would run, but not as its author may think
  std::string text;
};

// What differs between the native process and a Python one. All functions are called from the main
// thread unless they say otherwise, in the Python host without the interpreter lock.
class VDK_API Host {
 public:
  virtual ~Host();

  // True where Python steps can run in this process.
  [[nodiscard]] virtual bool runs_python() const noexcept = 0;

  // Registers the host's implementations of hooks: native plugins as far as it uses them
  // (register_native_plugins), step runners of its language (through initialize_job), and so on.
  // Both references live as long as the program's call.
  virtual void register_features(HookDispatcher& hooks, PluginIndex& plugins) = 0;

  // The Python plugins of the job's environment. The default tells what the files of their
  // distributions say; a host that loads them knows more.
  [[nodiscard]] virtual std::vector<PluginReport> python_plugins(
      const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions);

  // Before the first hook is called, with everything registered: the host may become the owner of
  // the hooks' order (HookPoint::set_owner) and bring plugins of its language. Throws Error where
  // the program cannot go on.
  virtual void own_hooks(Program& program);

  // Runs the program's words by a command line of the host's own language, in which plugins may
  // have changed commands, and returns the exit code. Nothing: the core's parser is to do it.
  // Throws what a command of a plugin does.
  [[nodiscard]] virtual std::optional<int> run_command_line(Program& program);

  // Signals: starts watching (see Cancellation::watch) and, from the watcher's thread, makes the
  // main thread's code raise.
  virtual void watch_signals(Cancellation& cancellation) = 0;

  // Parses a Python step without running it. Only where runs_python().
  [[nodiscard]] virtual std::vector<StepProblem> check_python_step(const Step& step);

  // Whether this run alone prints on the terminal of the process, so that it may draw a line anew.
  [[nodiscard]] virtual bool owns_terminal() const noexcept = 0;
  // Tells the view of all other printing on the terminal, as far as the host sees it; null: of none
  // any more.
  virtual void watch_output(TerminalView* view) = 0;

  // Prints to the standard streams as the host's language sees them.
  virtual void write_out(std::string_view text) = 0;
  virtual void write_err(std::string_view text) = 0;
  // Writes bytes of a result to standard output. Throws Error (platform) where they cannot be
  // written: what is cut off must not look whole.
  virtual void write_result(std::string_view bytes) = 0;
};

// One call of the command line: what its commands share.
class VDK_API Program {
 public:
  Program(Host& host, std::vector<std::string> arguments);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] Host& host() noexcept { return host_; }
  [[nodiscard]] HookDispatcher& hooks() noexcept { return hooks_; }
  [[nodiscard]] const PluginIndex& plugins() const noexcept { return plugins_; }
  [[nodiscard]] PluginIndex& plugins() noexcept { return plugins_; }
  // Everything behind the program's name, as it was typed.
  [[nodiscard]] const std::vector<std::string>& arguments() const noexcept { return arguments_; }
  // The same as vdk_start left it.
  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }
  // What vdk_command_line gathered. Empty until run().
  [[nodiscard]] const std::vector<Command>& commands() const noexcept { return commands_; }
  [[nodiscard]] const std::optional<LogLevel>& verbosity() const noexcept { return verbosity_; }
  void set_verbosity(LogLevel level) { verbosity_ = level; }

  // The configuration of a command: options of the core and of plugins, then every source in its
  // order. `job` may be null. `settings` are those of `-c`. The ids of the run are known from here
  // on. Throws Error (configuration or user).
  [[nodiscard]] Configuration configure(const JobConfig* job,
                                        const std::vector<std::string>& settings);

  // For a host's command line, whose commands expect a configuration before they run: the same for
  // a job's directory (empty: none). Commands that run afterwards go on from it, whatever they ask
  // for but `settings`. The reference holds as long as the program.
  Configuration& configure_ahead(const std::filesystem::path& job_directory,
                                 const std::vector<std::string>& settings);

  // Runs a command with values that were parsed already: prints what goes wrong and returns the
  // exit code.
  [[nodiscard]] int execute(const Command& command,
                            std::map<std::string, std::vector<std::string>> values);
  // What the last command failed of; null where it did not, or where no exception says so.
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
  void set_failure(std::exception_ptr failure) { failure_ = std::move(failure); }

  [[nodiscard]] const RunIds& ids() const noexcept { return ids_; }
  [[nodiscard]] TimePoint start() const noexcept { return start_; }

  // Whether an implementation of vdk_exception takes the failure upon itself: then the exit code is
  // 0. One that fails is printed and takes nothing.
  [[nodiscard]] bool is_handled(const Failure& failure);
  // Calls vdk_exit, once. For commands that have something to do afterwards; of the others the
  // program takes care, as far as they were configured. May throw what an implementation does.
  void leave(int exit_code);

  // Calls own_hooks and vdk_start: what run() begins with. For who runs no command line.
  void begin();
  // Runs the words; returns the exit code.
  [[nodiscard]] int run();

  // Writes the termination file of a run that ends before it has begun; the environment alone says
  // where it is.
  void write_early_termination(TerminationStatus status) noexcept;

 private:
  void register_configuration();
  // Whether the words may mean a command that a plugin's manifest declares.
  [[nodiscard]] bool needs_declared_commands() const;
  // Runs the command that the words choose.
  [[nodiscard]] int run_command_line();
  [[nodiscard]] int execute(const Command& command, const std::vector<std::string>& words);
  [[nodiscard]] int execute(const Command& command, const std::function<int()>& run);
  // Calls vdk_exit where the command was configured; returns the exit code then.
  [[nodiscard]] int finish(int exit_code);

  Host& host_;
  std::vector<std::string> arguments_;
  std::vector<std::string> words_;  // what vdk_start made of them
  HookDispatcher hooks_;
  PluginIndex plugins_;
  std::vector<Command> commands_;
  std::optional<LogLevel> verbosity_;
  const JobConfig* job_ = nullptr;  // while configure() runs
  RunIds ids_;
  TimePoint start_ = std::chrono::system_clock::now();
  struct Ahead {
    Configuration configuration;
    std::vector<std::string> settings;
  };
  std::optional<Ahead> ahead_;
  std::exception_ptr failure_;
  bool configured_ = false;
  bool left_ = false;
};

// Prints an error as people read it: the cause first, then why, what it means and what to do.
VDK_API void print_error(Host& host, const Failure& failure);

// Runs one command line (without the program's name) and returns the exit code. May be called many
// times in a process; keeps nothing.
[[nodiscard]] VDK_API int run_program(const std::vector<std::string>& arguments, Host& host);

}  // namespace vdk
