// The host of a run inside a Python interpreter.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/program.hpp"
#include "plugin_owner.hpp"
#include "python.hpp"
#include "signals.hpp"

namespace vdk {

class PythonHost final : public Host {
 public:
  // `owns_process`: the interpreter was started for this run, so signals are ours and the standard
  // streams are the process's own. Made and destroyed with the interpreter lock.
  // `registry` is the plugin registry of an embedded call, or None: then plugins are those of the
  // environment.
  // `root_command` is the click group of such a call, or None.
  PythonHost(bool owns_process, nb::object registry, nb::object root_command);
  ~PythonHost() override;

  [[nodiscard]] bool runs_python() const noexcept override { return true; }
  void register_features(HookDispatcher& hooks, PluginIndex& plugins) override;
  [[nodiscard]] std::vector<PluginReport> python_plugins(
      const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions) override;
  void own_hooks(Program& program) override;
  [[nodiscard]] std::optional<int> run_command_line(Program& program) override;
  void watch_signals(Cancellation& cancellation) override;
  [[nodiscard]] std::vector<StepProblem> check_python_step(const Step& step) override;
  [[nodiscard]] bool owns_terminal() const noexcept override { return direct_stderr_; }
  void watch_output(TerminalView* view) override;
  void write_out(std::string_view text) override;
  // Any thread may call it; what other threads write to a stream that Python replaced waits for the
  // main thread's next writing.
  void write_err(std::string_view text) override;
  void write_result(std::string_view bytes) override;

 private:
  void write(const char* stream, std::string_view text);

  SharedObject registry_;
  SharedObject root_command_;
  SharedObject watched_imports_;  // of the plugins, where the command is to tell what they cost
  std::unique_ptr<PluginOwner> plugins_;
  bool owns_process_;
  bool direct_stderr_;
  std::thread::id main_thread_ = std::this_thread::get_id();
  std::unique_ptr<SignalHandlers> signal_handlers_;
  std::mutex waiting_mutex_;
  std::string waiting_;
};

// What vdk.host.terminal tells of a step's printing. They need the interpreter lock, and do nothing
// in a forked child and where nobody watches.
void make_way_on_terminal();
void others_printed_on_terminal(bool ended_line);
void leave_terminal_to_others();

}  // namespace vdk
