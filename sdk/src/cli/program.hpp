// The program: what `vdk ARGUMENTS` does, in the native process or inside a Python interpreter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "job/job_context.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// What differs between the native process and a Python one. All functions are called from the main thread unless they say otherwise,
// in the Python host without the interpreter lock.
class VDK_API Host {
 public:
  virtual ~Host();

  // True where Python steps can run in this process.
  [[nodiscard]] virtual bool runs_python() const noexcept = 0;

  // Registers the host's implementations of hooks: step runners of its language (through initialize_job), and so on.
  virtual void register_features(HookDispatcher& hooks) = 0;

  // Signals: starts watching (see Cancellation::watch) and, from the watcher's thread, makes the main thread's code raise.
  virtual void watch_signals(Cancellation& cancellation) = 0;

  // Prints to the standard streams as the host's language sees them.
  virtual void write_out(std::string_view text) = 0;
  virtual void write_err(std::string_view text) = 0;
};

// Runs one command line (without the program's name) and returns the exit code. May be called many times in a process; keeps nothing.
[[nodiscard]] VDK_API int run_program(const std::vector<std::string>& arguments, Host& host);

}  // namespace vdk
