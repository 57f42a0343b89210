#include "vdk/hooks/hooks.hpp"

#include "vdk/hooks/plugin.hpp"

namespace vdk {

HookDispatcher::HookDispatcher() = default;
HookDispatcher::~HookDispatcher() = default;

Contributions::~Contributions() = default;
Plugin::~Plugin() = default;

}  // namespace vdk
