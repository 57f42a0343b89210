// The command line in the hands of Python: plugins get a click group that is made from the
// program's one table of commands, and what they make of it is what runs.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "python.hpp"

namespace vdk {

// vdk._native.CommandLine: what click's commands know of the program. They may outlive it; to call
// it then is an error. All members need the interpreter lock, which is given away while the core
// works.
class CommandLine {
 public:
  explicit CommandLine(Program& program) : program_(&program) {}
  static void bind(nb::module_& module);

  // Makes a command of click for each and adds them to the group.
  void add_to(nb::handle group, std::vector<Command> commands);
  // All that were added, in their order.
  [[nodiscard]] std::vector<Command> commands() const;

  // Builds the configuration and the CoreContext; see Program::configure_ahead.
  void configure(const std::string& job_directory, const std::vector<std::string>& settings);
  // (exit code, what it failed of or None) of the command with that number.
  [[nodiscard]] nb::tuple run(std::size_t number, nb::handle values);
  // False where it is no level.
  [[nodiscard]] bool set_verbosity(const std::string& level);
  // A run ends before it has begun, for what the user typed.
  void refuse_run();

  [[nodiscard]] Configuration* configuration() const noexcept { return configuration_; }
  // The program ends.
  void detach() noexcept { program_ = nullptr; }

 private:
  [[nodiscard]] Program& program() const;

  Program* program_;
  Configuration* configuration_ = nullptr;  // the program's
  std::deque<Command> commands_;
};

}  // namespace vdk
