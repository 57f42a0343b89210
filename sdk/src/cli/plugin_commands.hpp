// Commands that native plugins declare in their manifests.
#pragma once

#include <vector>

#include "cli/command.hpp"
#include "hooks/plugin_index.hpp"

namespace vdk {

// A command opens its plugin when it is run. One that cannot be understood is left out with a
// warning that names its plugin. The index outlives the commands.
[[nodiscard]] std::vector<Command> declared_commands(PluginIndex& plugins);

}  // namespace vdk
