#include "cli/native_host.hpp"

#include <cstdio>

#include "job/cancellation.hpp"
#include "job/native_plugins.hpp"

namespace vdk {

NativeHost::NativeHost() = default;
NativeHost::~NativeHost() = default;

void NativeHost::register_features(HookDispatcher& hooks, PluginIndex& plugins) {
  register_native_plugins(hooks, plugins);
}

void NativeHost::watch_signals(Cancellation& cancellation) { cancellation.watch(true); }

void NativeHost::write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void NativeHost::write_err(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace vdk
