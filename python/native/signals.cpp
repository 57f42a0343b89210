#include "signals.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>

namespace vdk {

namespace {

// Ignored by default, so a late one does no harm. It has the interpreter's own handling: while the
// interpreter takes its lock it may forget a signal that has just come (it computes anew whether
// there is something to look for), and each further signal makes it look again.
constexpr int kWakeSignal = SIGURG;

// Signals are a matter of the whole process, and so is this state.
std::atomic<int> g_pipe{-1};
std::atomic<int> g_steps{0};
std::atomic<int> g_raised{0};
std::atomic<bool> g_forked{false};
pthread_t g_main_thread;
sigset_t g_main_mask;  // of the main thread, when it began to watch

nb::object signal_module() { return nb::module_::import_("_signal"); }

// Whether the interpreter itself has written the signal to our pipe. A library (asyncio) may have
// taken its wake-up descriptor; writing the signal twice would be read as two signals, and the
// second one ends the run hard.
bool wakes_the_watcher() {
  const nb::object set_descriptor = signal_module().attr("set_wakeup_fd");
  const int pipe = g_pipe;
  const int present = nb::cast<int>(set_descriptor(pipe, nb::arg("warn_on_full_buffer") = false));
  if (present != pipe) set_descriptor(present);
  return present == pipe;
}

thread_local sigset_t t_former_mask;

void block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&ours, number);
  pthread_sigmask(SIG_BLOCK, &ours, &t_former_mask);
}

void unblock_signals() { pthread_sigmask(SIG_SETMASK, &t_former_mask, nullptr); }

// Threads of the core leave signals to the main one. A child of such a thread has no other: with
// its mask it could not be terminated.
void unblock_signals_in_child() {
  const bool is_main = pthread_equal(pthread_self(), g_main_thread) != 0;
  pthread_sigmask(SIG_SETMASK, is_main ? &t_former_mask : &g_main_mask, nullptr);
}

// What another thread is printing holds the lock of its stream, which would stay locked in the
// child for ever. With nothing left to write, the interpreter lock is not let go before the fork.
void finish_output() {
  constexpr int kTimes = 3;
  const nb::object sys = nb::module_::import_("sys");
  for (const char* name : {"stdout", "stderr"}) {
    const nb::object stream = nb::getattr(sys, name, nb::none());
    if (stream.is_none()) continue;
    try {
      for (int i = 0; i < kTimes; ++i) stream.attr("flush")();
    } catch (nb::python_error&) {
      // Whoever prints next is told.
    }
  }
}

void restore_defaults_in_child() {
  g_pipe = -1;
  g_steps = 0;
  const nb::object signal = signal_module();
  const nb::object handler = nb::module_::import_("vdk._native").attr("handle_signal");
  signal.attr("set_wakeup_fd")(-1);
  for (const int number : {SIGTERM, SIGINT, kWakeSignal}) {
    if (!signal.attr("getsignal")(number).equal(handler)) continue;  // the step's own handler stays
    signal.attr("signal")(
        number, number == SIGINT ? signal.attr("default_int_handler") : signal.attr("SIG_DFL"));
  }
}

}  // namespace

SignalHandlers::SignalHandlers(int pipe)
    : pipe_(fcntl(pipe, F_DUPFD_CLOEXEC, 3)), main_thread_(pthread_self()) {
  const nb::object signal = signal_module();
  const nb::object handler = nb::module_::import_("vdk._native").attr("handle_signal");
  if (signal.attr("getsignal")(kWakeSignal).equal(signal.attr("SIG_DFL"))) {
    signal.attr("signal")(kWakeSignal, handler);
    can_wake_ = true;
  }
  g_pipe = pipe_;
  g_raised = 0;
  signal.attr("set_wakeup_fd")(pipe_, nb::arg("warn_on_full_buffer") = false);
  former_terminate_ = signal.attr("signal")(SIGTERM, handler);
  former_interrupt_ = signal.attr("signal")(SIGINT, handler);
}

SignalHandlers::~SignalHandlers() {
  if (in_forked_child()) {
    if (waker_.joinable()) waker_.detach();  // it stayed with the parent
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  if (waker_.joinable()) waker_.join();
  try {
    const nb::object signal = signal_module();
    if (can_wake_) signal.attr("signal")(kWakeSignal, signal.attr("SIG_DFL"));
    signal.attr("set_wakeup_fd")(-1);
    if (!former_terminate_.is_none()) signal.attr("signal")(SIGTERM, former_terminate_);
    if (!former_interrupt_.is_none()) signal.attr("signal")(SIGINT, former_interrupt_);
  } catch (nb::python_error& failure) {
    failure.discard_as_unraisable("restoring signal handlers");
  }
  g_pipe = -1;
  close(pipe_);
}

void SignalHandlers::wake_main_thread() {
  static constexpr std::chrono::milliseconds kPause{20};
  const std::lock_guard starting(mutex_);
  if (!can_wake_ || stopped_ || waker_.joinable()) return;
  waker_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopped_ && g_steps > 0 && g_raised == 0) {
      pthread_kill(main_thread_, kWakeSignal);
      stopping_.wait_for(lock, kPause);
    }
  });
}

StepGuard::StepGuard() noexcept { ++g_steps; }
StepGuard::~StepGuard() { --g_steps; }

void handle_signal(int signal_number, nb::handle) {
  if (signal_number == kWakeSignal) return;
  if (!wakes_the_watcher()) {
    const auto byte = static_cast<unsigned char>(signal_number);
    [[maybe_unused]] const auto written = write(g_pipe, &byte, 1);
  }
  if (g_steps == 0 || g_raised != 0) return;
  g_raised = signal_number;
  if (signal_number == SIGINT) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
  } else {
    const nb::int_ code(128 + signal_number);
    PyErr_SetObject(PyExc_SystemExit, code.ptr());
  }
  nb::raise_python_error();
}

int take_raised_signal(nb::handle exception) {
  if (g_raised == 0) return 0;
  if (!PyErr_GivenExceptionMatches(exception.ptr(), PyExc_KeyboardInterrupt) &&
      !PyErr_GivenExceptionMatches(exception.ptr(), PyExc_SystemExit)) {
    return 0;
  }
  return g_raised.exchange(0);
}

void watch_forks() {
  static bool registered = false;
  if (registered) return;
  registered = true;
  g_main_thread = pthread_self();
  pthread_sigmask(SIG_SETMASK, nullptr, &g_main_mask);
  pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
  // A signal that reaches the child before it has its own handling back would be written to the
  // parent's pipe, and lost to the child.
  nb::module_::import_("posix").attr("register_at_fork")(
      nb::arg("before") = nb::cpp_function([] {
        block_signals();
        finish_output();
      }),
      nb::arg("after_in_parent") = nb::cpp_function([] { unblock_signals(); }),
      nb::arg("after_in_child") = nb::cpp_function([] {
        restore_defaults_in_child();
        unblock_signals_in_child();
      }));
}

bool in_forked_child() noexcept { return g_forked; }

}  // namespace vdk
