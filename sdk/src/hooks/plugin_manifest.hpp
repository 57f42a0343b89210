// What a native plugin says of itself; documented in docs/plugin-manifest.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hooks/declared_commands.hpp"
#include "hooks/plugin_places.hpp"
#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/hooks/hook_point.hpp"

namespace vdk {

// A hook that the plugin implements, and where in the order.
struct AnnouncedHook {
  std::string name;
  HookOrder order = HookOrder::normal;
  bool wrapper = false;
};

struct TemplateEntry {
  std::string name;
  std::filesystem::path directory;
  std::string database;
};

// A contribution that another plugin makes too, which comes first.
struct LostContribution {
  std::string kind;  // "connection", "ingest method", ...
  std::string name;
  std::string winner;  // the plugin that has it
};

// A name, and the endings of files that belong to it: lower case, without a dot.
using NamedEndings = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct PluginManifest {
  std::string name;
  std::string version;
  std::string engine;          // names that alias one engine share it
  std::string title;           // the engine's name as people write it
  bool query_headers = false;  // whether the table of ENGINE-query has a line of column names
  std::vector<std::string> requirements;    // plugins that are opened before this one
  std::vector<std::string> connections;     // lower case
  std::vector<std::string> sinks;           // lower case
  std::vector<std::string> preprocessors;   // lower case
  std::vector<std::string> postprocessors;  // lower case
  std::vector<std::string> properties;
  std::vector<std::string> secrets;
  NamedEndings steps;    // types of steps
  NamedEndings formats;  // of files
  std::vector<TemplateEntry> templates;
  DeclaredCommands commands;
  std::vector<AnnouncedHook> hooks;
  // Hooks are called only where one of these options has a value that says yes; always where there
  // are none.
  std::vector<std::string> when;
  // A configuration sub-section that has one of these keys is a connection and a sink too.
  std::vector<std::string> section_keys;
  // Upstream's plugin of this engine trims the letters of "vdk_" from the names of sub-sections.
  bool trimmed_section_names = false;
  // The Python distribution that this plugin stands for, and which counts where it is loaded.
  std::string original;
  std::vector<Option> options;
  std::filesystem::path module;
  std::filesystem::path file;
  PluginSource source = PluginSource::installation;
  std::vector<LostContribution> lost{};

  // Whether the contribution is this plugin's, and not lost to another.
  [[nodiscard]] VDK_API bool keeps(std::string_view kind, std::string_view contribution) const;
  // Kind and name of everything that must be unique in an installation.
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string>> unique_contributions() const;
};

// Throws Error (configuration) that names the file and the member that is wrong.
[[nodiscard]] PluginManifest parse_manifest(const FoundManifest& found);

}  // namespace vdk
