// The commands that there are, how their command lines are read, and their help.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hooks/plugin_index.hpp"
#include "vdk/base/export.hpp"
#include "vdk/cli/command.hpp"  // IWYU pragma: export

namespace vdk {

class HookDispatcher;

// The core's own commands, one ENGINE-query for each database that a plugin connects to, and what
// plugins declare in their manifests, handed in through the hook that plugins use, before theirs.
// What plugins declare is left out where `with_declared` says so at that moment. The plugins
// outlive the dispatcher.
VDK_API void register_core_commands(
    HookDispatcher& hooks, PluginIndex& plugins,
    std::function<bool()> with_declared = [] { return true; });

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
[[nodiscard]] Command doctor_command();
[[nodiscard]] Command man_command();
[[nodiscard]] Command reference_command();
[[nodiscard]] Command plugin_command();
[[nodiscard]] Command plugins_command();
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
