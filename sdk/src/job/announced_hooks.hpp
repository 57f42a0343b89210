// Hooks that native plugins announce in their manifests.
#pragma once

#include "hooks/plugin_index.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {

// Puts a stand-in for each announced hook into its place. It opens the plugin when it is called and
// calls what the plugin added to its own hook point; not where the manifest's `when` says no. One
// that cannot be opened is reported once, and the program goes on. `plugins` outlives `hooks`.
void announce_hooks(PluginIndex& plugins, HookDispatcher& hooks);

}  // namespace vdk
