// SIGTERM and SIGINT, in order: the statement at work is interrupted, the step ends, and what
// cannot end in time is ended.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

class VDK_API Cancellation {
 public:
  Cancellation();
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // The signal that asked for the end of the run, or 0.
  [[nodiscard]] int signal() const noexcept { return signal_.load(); }
  // Throws Cancelled where a signal came.
  void check() const;

  // Called from the watcher's thread when a signal comes, and a few times more within half a
  // second: `interrupt` must make what runs end soon.
  using Interrupt = std::function<void(int signal)>;
  void on_signal(Interrupt interrupt);

  // Starts the watcher: signals arrive as bytes in a pipe whose writing end is returned (a language
  // host gives it to its own signal handling). With `install_handlers` the process's handlers for
  // SIGTERM and SIGINT are set too, and restored by stop().
  int watch(bool install_handlers);
  // Ends watching: nothing is interrupted and nothing ended any more when this returns, and a
  // signal that comes later has its former effect. Does not wait for the thread; the destructor
  // does.
  void stop();

  // What to do when the run does not end within the grace period after a signal: `last_words` is
  // called, then the process exits.
  void set_grace(double seconds, std::function<void(int signal)> last_words);

 private:
  struct Watcher;
  void notify(int number);
  void read_signals(int pipe);  // the watcher's thread
  void join();

  std::atomic<int> signal_{0};
  std::mutex mutex_;
  std::vector<Interrupt> interrupts_;
  double grace_seconds_ = 10;
  std::function<void(int)> last_words_;
  bool stopped_ = false;  // under the mutex
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace vdk
