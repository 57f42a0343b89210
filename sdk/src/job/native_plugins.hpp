// Native plugins as connections and ingest methods of a job.
#pragma once

#include "hooks/plugin_index.hpp"
#include "job/job_context.hpp"
#include "job/step_discovery.hpp"
#include "vdk/base/export.hpp"

namespace vdk {

// What a host puts in the place of native plugins' factories: the Python host reaches some engines
// in its own way. Each gets the plugin's own factory and returns the one to use.
struct NativeContributions {
  std::function<ConnectionFactory(const PluginManifest&, ConnectionFactory)>
      connection{};                                                       // empty: the plugin's own
  std::function<SinkFactory(const PluginManifest&, SinkFactory)> sink{};  // empty: the plugin's own
};

// At initialize_job, every plugin's connections and sinks are registered under their names and
// under the names of configuration sub-sections that are meant for them. An engine for which a
// plugin distribution is installed in the job's Python environment counts as registered by it when
// the default database is chosen (specification: plugins 1.4). `index` must outlive `hooks`.
VDK_API void register_native_plugins(HookDispatcher& hooks, PluginIndex& index,
                                     NativeContributions used = {});

// What the former does at initialize_job: registers contributions in the context, opening nothing.
VDK_API void register_native_contributions(JobContext& context, PluginIndex& index,
                                           const NativeContributions& used = {});

// Those of the core and of plugins.
[[nodiscard]] VDK_API StepEndings step_endings(const PluginIndex& index);

}  // namespace vdk
