// A command of the program, declared once: the parser, the help, the reference pages, shell
// completion and the Python host's command objects are all made from it. A native plugin declares
// its commands in its manifest and adds what they do with Contributions::add_command.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

class JobContext;
class Program;

struct CommandArgument {
  std::string key;
  std::string metavar;  // "DATA_JOB_DIRECTORY"
  std::string help{};
  bool required = true;
  bool repeated = false;
};

struct CommandOption {
  std::string names;  // "-q,--query"
  std::string key;
  std::string metavar{};  // "TEXT"; empty for a flag
  std::string help{};
  bool required = false;
  bool repeated = false;
  std::vector<std::string> choices{};  // any case
  std::string default_value{};
  bool hidden = false;
  int values = 1;  // words that one use of the option takes
};

// One use of a command: the values that its command line gave, and what the program offers.
class VDK_API Invocation {
 public:
  Invocation(Program& program, std::map<std::string, std::vector<std::string>> values)
      : program_(program), values_(std::move(values)) {}

  // By the key of an option or argument. A flag that was given has the value "true".
  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  // The value, or an empty string.
  [[nodiscard]] std::string get(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view key) const;

  // To the standard streams, as the program's host sees them.
  void print(std::string_view text);
  void print_error(std::string_view text);
  // The configuration of a command that works without a job. `settings` are "KEY=VALUE".
  [[nodiscard]] Configuration configure(const std::vector<std::string>& settings = {});
  // Calls `work` with the context of a job in the current directory: its config.ini counts, its
  // connections and ingestion are there, signals interrupt what runs, and what was sent is
  // committed at the end. Returns the exit code; throws what `work` throws.
  [[nodiscard]] int run_as_job(const std::function<void(JobContext&)>& work,
                               const std::vector<std::string>& settings = {});

  // The core's own commands reach everything through it; it has no public header.
  [[nodiscard]] Program& program() noexcept { return program_; }

 private:
  Program& program_;
  std::map<std::string, std::vector<std::string>> values_;
};

struct Command {
  std::string name;
  std::string summary;   // the first line stands in lists of commands
  std::string examples;  // lines as a person would type them
  std::vector<CommandArgument> arguments{};
  std::vector<CommandOption> options{};
  bool hidden = false;
  std::function<int(Invocation&)> run;
};

// What was wrong with a command line; exit code 2.
class VDK_API UsageError {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

}  // namespace vdk
