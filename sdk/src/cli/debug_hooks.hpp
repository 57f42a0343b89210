// `--debug-hooks` anywhere in the command line, or VDK_DEBUG_HOOKS_ENABLED=yes: each later call of
// a hook is printed, and how it ended.
#pragma once

#include <functional>
#include <string_view>

#include "vdk/hooks/hooks.hpp"

namespace vdk {

// `write` gets whole lines, from the thread that calls the hook.
void register_debug_hooks(HookDispatcher& hooks, std::function<void(std::string_view)> write);

}  // namespace vdk
