// Native plugins as connections and ingest methods of a job.
#pragma once

#include "hooks/plugin_index.hpp"
#include "job/job_context.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// Which contributions of native plugins a host uses; the Python host reaches some engines in its own way.
struct NativeContributions {
  std::function<bool(const PluginManifest&)> connections;  // empty: all
  std::function<bool(const PluginManifest&)> sinks;        // empty: all
};

// At initialize_job, every plugin's connections and sinks are registered under their names and under the names of configuration sub-sections
// that are meant for them. An engine for which a plugin distribution is installed in the job's Python environment counts as
// registered by it when the default database is chosen (specification: plugins 1.4). `index` must outlive `hooks`.
VDK_API void register_native_plugins(HookDispatcher& hooks, PluginIndex& index, NativeContributions used = {});

}  // namespace vdk
