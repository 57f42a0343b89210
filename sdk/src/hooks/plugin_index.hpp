// The native plugins of an installation: read from their manifests, opened when one of their
// contributions is used. The manifest is documented in docs/plugin-manifest.md.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/file_format.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class HookDispatcher;

struct PluginManifest {
  std::string name;
  std::string version;
  std::string engine;          // names that alias one engine share it
  std::string title;           // the engine's name as people write it
  bool query_headers = false;  // whether the table of ENGINE-query has a line of column names
  std::vector<std::string> connections;  // lower case
  std::vector<std::string> sinks;        // lower case
  // A configuration sub-section that has one of these keys is a connection and a sink too.
  std::vector<std::string> section_keys;
  // Upstream's plugin of this engine trims the letters of "vdk_" from the names of sub-sections.
  bool trimmed_section_names = false;
  // Of files; each with the endings of their names, lower case, without a dot.
  std::vector<std::pair<std::string, std::vector<std::string>>> formats;
  std::vector<Option> options;
  std::filesystem::path module;
};

class VDK_API PluginIndex {
 public:
  // Reads every *.json in the directory; one that cannot be read is reported with one warning, and
  // the others stay. `hooks` must outlive the index.
  PluginIndex(const std::filesystem::path& directory, HookDispatcher& hooks);
  ~PluginIndex();
  PluginIndex(const PluginIndex&) = delete;
  PluginIndex& operator=(const PluginIndex&) = delete;

  [[nodiscard]] const std::vector<PluginManifest>& manifests() const noexcept { return manifests_; }
  // Whether the plugin's module was opened.
  [[nodiscard]] bool is_open(std::string_view plugin) const;

  // Declares every plugin's options.
  void declare_options(ConfigurationBuilder& builder) const;

  // Opens the plugin's module where it is not open yet and returns what it contributed. Throw Error
  // (configuration) where the module cannot be opened, was built against another API, or does not
  // contribute what its manifest says.
  [[nodiscard]] const ConnectionFactory& connection_factory(const PluginManifest& manifest);
  [[nodiscard]] const SinkFactory& sink_factory(const PluginManifest& manifest);
  // The format of that name. Throws Error (user) that lists the known ones where it is unknown.
  [[nodiscard]] const FileFormat& format(std::string_view name);
  // The format of files whose names end so ("csv"); empty where no plugin says.
  [[nodiscard]] std::string format_of_ending(std::string_view ending) const;

 private:
  class OpenPlugin;
  OpenPlugin& open(const PluginManifest& manifest);

  HookDispatcher& hooks_;
  std::vector<PluginManifest> manifests_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<OpenPlugin>, std::less<>> open_;
};

// Compares a module's descriptor with what this program was built against; an empty string where
// they fit, else the reason.
[[nodiscard]] VDK_API std::string why_refused(const PluginDescriptor* descriptor);

}  // namespace vdk
