#include "job/cancellation.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "vdk/base/error.hpp"

namespace vdk {

namespace {

constexpr std::array kSignals{SIGTERM, SIGINT};

// Engines forget an interrupt that comes just before a statement begins, so it is repeated so long
// after the signal. Not for ever: what a step does to clean up is to go through.
using std::chrono::milliseconds;
constexpr std::array kRepetitions{milliseconds{25}, milliseconds{100}, milliseconds{400}};

// What the handler may touch: set before it is installed, never freed while it is.
volatile sig_atomic_t g_pipe = -1;
volatile sig_atomic_t g_owner = 0;

extern "C" void forward_signal(int signal_number) {
  const int saved_errno = errno;
  if (getpid() != g_owner) {
    // A child that was forked without exec: the signal is its own, and so is the usual effect.
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  } else {
    const auto byte = static_cast<unsigned char>(signal_number);
    [[maybe_unused]] const auto written = write(g_pipe, &byte, 1);
  }
  errno = saved_errno;
}

}  // namespace

struct Cancellation::Watcher {
  int read_end = -1;
  int write_end = -1;
  bool handlers_installed = false;
  std::array<struct sigaction, kSignals.size()> former{};
  pthread_t thread{};
  bool is_running = false;
};

Cancellation::Cancellation() = default;

Cancellation::~Cancellation() {
  stop();
  join();
}

void Cancellation::check() const {
  if (const int number = signal()) throw Cancelled(number);
}

void Cancellation::on_signal(Interrupt interrupt) {
  const std::lock_guard lock(mutex_);
  interrupts_.push_back(std::move(interrupt));
}

void Cancellation::set_grace(double seconds, std::function<void(int)> last_words) {
  const std::lock_guard lock(mutex_);
  grace_seconds_ = seconds;
  last_words_ = std::move(last_words);
}

void Cancellation::notify(int number) {
  signal_ = number;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  for (const Interrupt& interrupt : interrupts_) interrupt(number);
}

int Cancellation::watch(bool install_handlers) {
  if (watcher_ && !stopped_) return watcher_->write_end;
  join();
  int ends[2];
  if (pipe(ends) != 0) {
    throw platform_error({.what = "Signals cannot be watched: no pipe could be made.",
                          .consequence = "The run did not start.",
                          .countermeasure = "Raise the limit of open files (ulimit -n)."});
  }
  for (const int end : ends) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
    fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
  }
  watcher_ = std::make_unique<Watcher>();
  watcher_->read_end = ends[0];
  watcher_->write_end = ends[1];
  if (install_handlers) {
    g_pipe = ends[1];
    g_owner = getpid();
    struct sigaction action{};
    action.sa_handler = forward_signal;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &action, &watcher_->former[i]);
    }
    watcher_->handlers_installed = true;
  }
  // No std::thread: it frees memory in the thread at its end, for which the C library would set up
  // a heap of the thread's own.
  const int failure = pthread_create(
      &watcher_->thread, nullptr,
      [](void* self) -> void* {
        auto* cancellation = static_cast<Cancellation*>(self);
        cancellation->read_signals(cancellation->watcher_->read_end);
        return nullptr;
      },
      this);
  if (failure != 0) {
    throw platform_error({.what = "Signals cannot be watched: no thread could be started.",
                          .why = std::strerror(failure),
                          .consequence = "The run did not start.",
                          .countermeasure = "Raise the limit of processes (ulimit -u)."});
  }
  watcher_->is_running = true;
  return ends[1];
}

void Cancellation::read_signals(int pipe) {
  using Time = std::chrono::steady_clock;
  std::optional<Time::time_point> deadline;
  Time::time_point since;
  std::size_t repeated = 0;
  const auto next = [&] {
    if (repeated == kRepetitions.size()) return *deadline;
    return std::min(*deadline, since + kRepetitions[repeated]);
  };
  for (;;) {
    int wait = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<milliseconds>(next() - Time::now());
      wait = left.count() > 0 ? static_cast<int>(left.count()) : 0;
    }
    pollfd readable{pipe, POLLIN, 0};
    const int ready = poll(&readable, 1, wait);
    if (ready < 0 && errno != EINTR) return;
    if (ready == 0 && Time::now() < *deadline) {
      ++repeated;
      notify(signal());
      continue;
    }
    if (ready == 0) {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      const int number = signal();
      if (last_words_) last_words_(number);
      _exit(128 + number);
    }
    unsigned char number = 0;
    if (ready < 0 || read(pipe, &number, 1) != 1) continue;
    if (number == 0) return;  // stop()
    if (number != SIGTERM && number != SIGINT) continue;
    if (deadline) {  // a second signal: no more patience
      deadline = Time::now();
      continue;
    }
    notify(number);
    const std::lock_guard lock(mutex_);
    since = Time::now();
    deadline = since + milliseconds(static_cast<long>(grace_seconds_ * 1000));
  }
}

void Cancellation::stop() {
  if (!watcher_) return;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  if (watcher_->handlers_installed) {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &watcher_->former[i], nullptr);
    }
    g_pipe = -1;
  }
  const unsigned char end = 0;
  while (write(watcher_->write_end, &end, 1) < 0 && errno == EAGAIN) {
    std::this_thread::yield();
  }
}

void Cancellation::join() {
  if (!watcher_) return;
  if (watcher_->is_running) pthread_join(watcher_->thread, nullptr);
  close(watcher_->read_end);
  close(watcher_->write_end);
  watcher_.reset();
  const std::lock_guard lock(mutex_);
  stopped_ = false;
}

}  // namespace vdk
