// The host of the native program: no interpreter, plain streams.
#pragma once

#include "cli/program.hpp"

namespace vdk {

class VDK_API NativeHost final : public Host {
 public:
  NativeHost();
  ~NativeHost() override;

  [[nodiscard]] bool runs_python() const noexcept override { return false; }
  void register_features(HookDispatcher& hooks, PluginIndex& plugins) override;
  // Where Python plugins take part, the process becomes their interpreter.
  void own_hooks(Program& program) override;
  void watch_signals(Cancellation& cancellation) override;
  [[nodiscard]] bool owns_terminal() const noexcept override { return true; }
  void watch_output(TerminalView* view) override { view_ = view; }
  void write_out(std::string_view text) override;
  void write_err(std::string_view text) override;
  void write_result(std::string_view bytes) override;

 private:
  TerminalView* view_ = nullptr;
};

}  // namespace vdk

// What the launcher (sdk/src/main.cpp) calls: the program, with the arguments of main.
extern "C" VDK_API int vdk_main(int argc, char** argv);
