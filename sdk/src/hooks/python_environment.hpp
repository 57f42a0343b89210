// The Python environment of a job, seen from the native process: which interpreter, and which
// plugin distributions it has.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hooks/native_entry_points.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

struct Interpreter {
  std::filesystem::path executable;
  std::string chosen_by;  // "VDK_PYTHON", "the environment of vdk", "VIRTUAL_ENV", "PATH"
};

// The interpreter of the job's environment, first match: VDK_PYTHON, the environment that this
// program is installed in, VIRTUAL_ENV, python3 on PATH (a version manager's shim is asked once for
// the real one, and the answer kept). Throws Error (configuration) where there is none.
[[nodiscard]] VDK_API Interpreter find_interpreter();

// "duckdb = vdk.plugin.duckdb.duckdb_plugin" in the group vdk.plugin.run.
struct EntryPoint {
  std::string group;
  std::string name;
  std::string value;
  bool operator==(const EntryPoint&) const = default;
};

// A distribution that advertises entry points of the group vdk.plugin.run or vdk.plugin.cli.
struct PluginDistribution {
  std::string name;  // normalised: lower case, dashes
  std::string version;
  std::vector<EntryPoint> entry_points{};  // of these groups, as the file has them
};

struct PythonEnvironment {
  Interpreter interpreter{};                  // none: an empty path
  std::string version{};                      // "3.11.7"
  std::vector<PluginDistribution> plugins{};  // sorted by name
  std::vector<NativePluginEntry> native_plugins{};
};

// What the interpreter has. It is asked for its version and path once; the answer and what was
// found there are kept in the cache directory until a directory on that path changes.
[[nodiscard]] VDK_API PythonEnvironment inspect_environment(const Interpreter& interpreter);

// The same for directories that are on an interpreter's path now; nothing is kept.
[[nodiscard]] VDK_API std::vector<PluginDistribution> find_plugin_distributions(
    const std::vector<std::string>& path);

}  // namespace vdk
