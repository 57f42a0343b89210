// In no room: the descriptor speaks of all of them.
#include "hooks/plugin_index.hpp"
#include "vdk/plugin.hpp"

namespace vdk {

const PluginDescriptor& own_descriptor() noexcept {
  static constexpr PluginDescriptor descriptor = describe_plugin(nullptr);
  return descriptor;
}

}  // namespace vdk
