// SIGTERM and SIGINT in a Python process, and what a forked child must not do.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "python.hpp"

namespace vdk {

// While it lives, SIGTERM and SIGINT are written to the pipe (see Cancellation::watch), and raise
// SystemExit or KeyboardInterrupt in the main thread while that runs a step: calls that block, such
// as time.sleep, end at once. A handler that a step installs itself wins, as it does in any Python
// program; its signal is still written. Made and destroyed with the interpreter lock, in the main
// thread.
class SignalHandlers {
 public:
  explicit SignalHandlers(int pipe);
  ~SignalHandlers();
  SignalHandlers(const SignalHandlers&) = delete;
  SignalHandlers& operator=(const SignalHandlers&) = delete;

  // Wakes the main thread again and again until its handler has raised. A signal that arrives just
  // before a call blocks, or in another thread, would else be noticed only when that call returns.
  // From any thread, without the interpreter lock.
  void wake_main_thread();

 private:
  int pipe_;
  pthread_t main_thread_;
  bool can_wake_ = false;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::thread waker_;
  nb::object former_terminate_;
  nb::object former_interrupt_;
};

// Marks that the main thread runs a step, and may be interrupted by an exception.
class StepGuard {
 public:
  StepGuard() noexcept;
  ~StepGuard();
  StepGuard(const StepGuard&) = delete;
  StepGuard& operator=(const StepGuard&) = delete;
};

// The handler itself, as the module exports it.
void handle_signal(int signal_number, nb::handle frame);

// The signal whose handler raised this exception, or 0. Asking forgets it.
[[nodiscard]] int take_raised_signal(nb::handle exception);

// Registers, once a process, what happens after fork: children get the default signal handling back
// and know that they are children.
void watch_forks();
// True in a child that was forked from a process of the host: the engine has no threads there and
// must stay silent.
[[nodiscard]] bool in_forked_child() noexcept;

}  // namespace vdk
