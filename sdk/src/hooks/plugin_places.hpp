// Where native plugins are looked for, and the manifests that are there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hooks/python_environment.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

// In the order of precedence: of two plugins with one name, or with one contribution, the one that
// is found in an earlier place counts.
enum class PluginSource { path_variable, environment, user, system, installation };

// "VDK_PLUGIN_PATH", "environment", "user", "system", "installation"
[[nodiscard]] std::string_view to_string(PluginSource source) noexcept;

struct PluginPlace {
  PluginSource source = PluginSource::installation;
  std::filesystem::path path;  // a directory of manifests, or one manifest: a file ending in .json
};

// The places of this process in their order: the directories of VDK_PLUGIN_PATH; the manifests that
// distributions of the job's Python environment name; $XDG_DATA_HOME/vdk/plugins
// (~/.local/share/vdk/plugins); /usr/local/lib/vdk/plugins and /usr/lib/vdk/plugins;
// lib/vdk/plugins of this installation.
[[nodiscard]] std::vector<PluginPlace> plugin_places(const PythonEnvironment& environment);

struct FoundManifest {
  PluginSource source = PluginSource::installation;
  std::filesystem::path file;
  Value content{};      // a map, whose commands are packed (DeclaredCommands)
  std::string fault{};  // why there is no content
};

// Every manifest of the places, by place and then by file name. What was read is kept in the
// directory of local state, in one file, until a place or a manifest changes.
[[nodiscard]] std::vector<FoundManifest> find_manifests(const std::vector<PluginPlace>& places);

}  // namespace vdk
