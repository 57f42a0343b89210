#include "cli/native_host.hpp"

#include <unistd.h>

#include <cstdio>

#include "cli/terminal_view.hpp"
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
  TerminalView* view = isatty(STDOUT_FILENO) == 1 ? view_ : nullptr;
  if (view) view->make_way();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  if (view) view->others_printed(text.ends_with('\n'));
}

void NativeHost::write_err(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace vdk
