// What `vdk plugins` and `vdk doctor` say of a plugin, native or Python.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hooks/plugin_index.hpp"
#include "hooks/python_environment.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// What loading a plugin imported from elsewhere.
struct ImportCost {
  std::string module;
  double milliseconds = 0;
};

struct PluginReport {
  std::string name;
  std::string version;
  std::string kind;                        // "native" or "python"
  std::string source;                      // "installation", "user", "environment", ...
  std::string place;                       // the manifest's path; empty where there is none
  std::vector<std::string> contributions;  // "connection duckdb"
  std::vector<std::string> hooks;          // "finalize_job:last"
  std::string state;                       // "loaded", "not needed", "shadowed", "failed", ...
  std::string cause{};                     // of shadowed and failed
  std::optional<double> load_milliseconds{};
  std::vector<ImportCost> imports{};  // the slowest first, where they were watched
};

// Native plugins; one whose original is among the distributions is shadowed by it.
[[nodiscard]] std::vector<PluginReport> report_native_plugins(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions);

// Distributions with Python plugins, as their files tell: nothing is imported to find out. One
// whose names an engine of this program keeps is shadowed.
[[nodiscard]] VDK_API std::vector<PluginReport> report_distributions(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions);

}  // namespace vdk
