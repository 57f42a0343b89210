// A plugin manager of Python (pluggy) as the owner of the order of a program's hooks: the core's
// implementations are registered in it as plugins, and the core's calls go through it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.hpp"
#include "command_line.hpp"
#include "python.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {

// Belongs to one call of the program; made and destroyed with the interpreter lock, before the
// program. Hooks are called from any thread and without the lock, as everywhere in the core.
class PluginOwner {
 public:
  // `registry` is a vdk.internal.plugin.plugin.PluginRegistry. It may outlive this object and serve
  // another one: what was registered in it is taken out again.
  // `root_command`: the click group of an embedded call, or None. `with_commands`: somebody brings
  // commands of click, whatever hooks there are.
  PluginOwner(Program& program, nb::object registry, nb::object root_command, bool with_commands);
  ~PluginOwner();
  PluginOwner(const PluginOwner&) = delete;
  PluginOwner& operator=(const PluginOwner&) = delete;

  // The exit code of the command line, where plugins may have changed it; else nothing: the core's
  // parser is quicker, and as good.
  [[nodiscard]] std::optional<int> run_command_line();

  [[nodiscard]] nb::object registry() const { return nb::borrow(registry_.get()); }
  // The click group of the command line; None before vdk_command_line. Needs the interpreter lock.
  [[nodiscard]] nb::object root_command() const { return nb::borrow(root_command_.get()); }
  // The CoreContext of the command; None before vdk_initialize. Needs the interpreter lock.
  [[nodiscard]] nb::object core_context() const;

  // The JobContext of Python; made at the first call. Needs the interpreter lock.
  [[nodiscard]] nb::object context_of(JobContext& context);

 private:
  // How one hook point and a hook of Python meet. All are called with the interpreter lock.
  template <class Signature>
  struct Meeting;
  template <class Result, class... Args>
  struct Meeting<Result(Args...)> {
    using Function = typename HookPoint<Result(Args...)>::Function;
    // Calls the hook of Python with the core's arguments.
    std::function<nb::object(nb::handle hook, Args...)> call;
    // Calls an implementation of the core with Python's arguments.
    std::function<nb::object(const Function&, const nb::args&)> call_core;
    // What Python's answer is to the core.
    std::function<Result(nb::handle)> result;
  };

  struct Known {  // an implementation of the core, before it is registered in Python
    std::string hook;
    std::string order;
    nb::object function;
  };

  // `always`: the owner has something to do at the call even where no plugin listens.
  template <class Result, class... Args>
  void own(HookPoint<Result(Args...)>& point, const char* name, Meeting<Result(Args...)> meeting,
           bool always = false);
  template <class Result, class... Args>
  nb::object as_python(const typename HookPoint<Result(Args...)>::Implementation& implementation,
                       const Meeting<Result(Args...)>& meeting) const;
  void register_core();
  void add(const std::string& plugin, const std::vector<Known>& implementations);

  void own_command_hooks(HookDispatcher& hooks);
  void own_command_line(HookDispatcher& hooks, bool always);
  void own_job_hooks(HookDispatcher& hooks);
  void own_connection_hooks(HookDispatcher& hooks);

  // Whose files are the user's, for messages.
  [[nodiscard]] std::string job_directory() const;

  Program& program_;
  SharedObject registry_;
  SharedObject relay_;
  SharedObject root_command_;  // as plugins get it
  SharedObject command_line_;  // a CommandLine, where there is one
  SharedObject core_context_;
  SharedObject configuration_;  // of the core context
  SharedObject words_;          // the command line as vdk_start sees it
  std::map<std::string, std::shared_ptr<std::atomic<bool>>, std::less<>> heard_;  // by hook
  std::map<std::uint64_t, std::pair<std::string, Known>> known_;  // plugin's name, by registration
  std::vector<SharedObject> registered_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
  std::string job_directory_;
};

}  // namespace vdk
