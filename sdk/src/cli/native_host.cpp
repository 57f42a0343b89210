#include "cli/native_host.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "cli/duckdb_host.hpp"
#include "cli/isolated_run.hpp"
#include "cli/python_launcher.hpp"
#include "cli/terminal_view.hpp"
#include "job/cancellation.hpp"
#include "job/native_plugins.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

NativeHost::NativeHost() = default;
NativeHost::~NativeHost() = default;

void NativeHost::register_features(HookDispatcher& hooks, PluginIndex& plugins) {
  plugins.name_crashes();
  register_native_plugins(hooks, plugins);
}

void NativeHost::own_hooks(Program& program) {
  const std::vector<std::string>& arguments = program.arguments();
  if (wants_isolation(arguments)) enter_isolation(arguments);
  const PythonEnvironment& environment = program.plugins().environment();
  if (needs_python_plugins(environment, arguments) || needs_python_for_duckdb(arguments))
    continue_in_python(environment, arguments);
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

void NativeHost::write_result(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() &&
      std::fflush(stdout) == 0) {
    return;
  }
  throw platform_error({.what = "The result cannot be written to standard output.",
                        .why = std::strerror(errno),
                        .consequence = "What was printed of it is not all of it.",
                        .countermeasure = "Free space on the disk, or send it somewhere else."});
}

}  // namespace vdk

extern "C" int vdk_main(int argc, char** argv) {
#if defined(__GLIBC__)
  // Columns of batches go back to the system when they are freed. Left to itself the library learns
  // from the first of them to keep such blocks, in as many heaps as there are threads: with a large
  // file that was 20 MiB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  vdk::NativeHost host;
  return vdk::run_program(std::vector<std::string>(argv + 1, argv + argc), host);
}
