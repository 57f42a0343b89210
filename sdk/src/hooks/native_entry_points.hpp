// Native plugins that Python distributions bring along.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk {

// `NAME = PACKAGE` in the entry-point group vdk.plugin.native: the plugin's module and its manifest
// vdk_NAME.json are files of that package. Nothing is imported to find them.
struct NativePluginEntry {
  std::filesystem::path manifest;
  std::string distribution;  // "mydb-0.2.1", as its directory is named
  bool operator==(const NativePluginEntry&) const = default;
};

// What the distributions in these directories name, in the order of the directories and then of
// names.
[[nodiscard]] std::vector<NativePluginEntry> find_native_entries(
    const std::vector<std::string>& path);

// For the cache of what an environment has. Reading gives nothing for anything else.
[[nodiscard]] Value to_value(const std::vector<NativePluginEntry>& entries);
[[nodiscard]] std::vector<NativePluginEntry> native_entries_of(const Value& value);

}  // namespace vdk
