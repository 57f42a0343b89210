// A command of the program, declared once: the parser, the help, shell completion and the Python
// host's command objects are all made from it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hooks/plugin_index.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

class HookDispatcher;
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

// The values that one command line gave to a command.
class Invocation {
 public:
  Invocation(Program& program, std::map<std::string, std::vector<std::string>> values)
      : program_(program), values_(std::move(values)) {}
  [[nodiscard]] Program& program() noexcept { return program_; }
  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  // The value, or an empty string.
  [[nodiscard]] std::string get(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view key) const;

 private:
  Program& program_;
  std::map<std::string, std::vector<std::string>> values_;
};

struct Command {
  std::string name;
  std::string summary;
  std::string examples;  // lines as a person would type them
  std::vector<CommandArgument> arguments{};
  std::vector<CommandOption> options{};
  bool hidden = false;
  std::function<int(Invocation&)> run;
};

// What was wrong with a command line; exit code 2.
class UsageError {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

// The core's own commands and one ENGINE-query for each database that a plugin connects to, handed
// in through the hook that plugins use, before all of theirs. The plugins outlive the dispatcher.
VDK_API void register_core_commands(HookDispatcher& hooks, const PluginIndex& plugins);

// What the hook gathers, in the order of the names; of several with one name the last added.
[[nodiscard]] VDK_API std::vector<Command> gather_commands(const HookDispatcher& hooks);

// One function a command (or a family of them), each in a file of its own.
[[nodiscard]] Command run_command();
[[nodiscard]] Command version_command();
[[nodiscard]] Command config_command();
[[nodiscard]] Command config_help_command();
[[nodiscard]] Command create_command();
[[nodiscard]] Command sql_command();
[[nodiscard]] Command sql_query_command();
[[nodiscard]] Command properties_command();
[[nodiscard]] Command secrets_command();
[[nodiscard]] Command runs_command();
[[nodiscard]] Command clean_command();
[[nodiscard]] Command completion_command();
[[nodiscard]] std::vector<Command> engine_query_commands(
    const std::vector<PluginManifest>& manifests);
[[nodiscard]] Command ingest_command();
[[nodiscard]] Command ingest_csv_command();
[[nodiscard]] Command export_command();
[[nodiscard]] Command export_csv_command();

// Parses the words behind the command's name. Throws UsageError.
[[nodiscard]] std::map<std::string, std::vector<std::string>> parse_command_line(
    const Command& command, const std::vector<std::string>& words);

[[nodiscard]] std::string command_help(const Command& command);
[[nodiscard]] std::string program_help(const std::vector<Command>& commands);
[[nodiscard]] std::string usage_line(const Command& command);

}  // namespace vdk
