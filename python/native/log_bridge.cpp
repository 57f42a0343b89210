#include "log_bridge.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/log_view.hpp"
#include "signals.hpp"

namespace vdk {

namespace {

// A handler that fails to keep up must not fill the memory: the oldest records go first.
constexpr std::size_t kMostRecords = 10'000;

struct Record {
  LogLevel level;
  std::string logger;
  std::string message;
  std::string file;
  unsigned line;
  std::string function;
  bool printed;
};

std::atomic<bool> g_wanted{false};
std::atomic<bool> g_others_print{false};
std::thread::id g_receiving_thread;
std::mutex g_mutex;
std::condition_variable g_kept;
std::deque<Record> g_records;
bool g_ending = false;
// Runs while others print.
std::thread& deliverer() {
  static auto* thread = new std::thread;  // a process that is ended hard does not wait for it
  return *thread;
}

nb::object& kept_receiver() {
  static auto* kept = new nb::object;  // the interpreter ends before the process does
  return *kept;
}

void keep(const LogRecord& record, bool printed) {
  {
    const std::lock_guard lock(g_mutex);
    if (g_records.size() == kMostRecords) g_records.pop_front();
    g_records.push_back({record.level, std::string(record.logger), std::string(record.message),
                         std::string(record.where.file), record.where.line,
                         std::string(function_name(record.where.function)), printed});
  }
  if (!printed) g_kept.notify_one();
}

std::optional<Record> next_record() {
  const std::lock_guard lock(g_mutex);
  if (g_records.empty()) return std::nullopt;
  Record record = std::move(g_records.front());
  g_records.pop_front();
  return record;
}

int python_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 10;
    case LogLevel::info:
      return 20;
    case LogLevel::warning:
      return 30;
    case LogLevel::error:
      return 40;
    case LogLevel::critical:
      return 50;
  }
  return 20;
}

// Records of Python's own loggers pass through the core to be printed; they have been seen already.
thread_local bool t_from_python = false;

// One at a time: a handler may let another thread run, which prints what has gathered first.
void deliver() noexcept {
  const nb::object receiver = kept_receiver();
  while (const std::optional<Record> record = next_record()) {
    try {
      receiver.attr("receive")(python_level(record->level), make_str(record->logger),
                               make_str(record->message), make_str(record->file), record->line,
                               make_str(record->function), record->printed);
    } catch (nb::python_error& failure) {
      failure.discard_as_unraisable("handing a log record to Python's logging");
    }
  }
}

void deliver_as_they_come() {
  std::unique_lock lock(g_mutex);
  for (;;) {
    g_kept.wait(lock, [] { return g_ending || !g_records.empty(); });
    if (g_ending) return;
    lock.unlock();
    {
      const nb::gil_scoped_acquire interpreter;
      deliver();
    }
    lock.lock();
  }
}

void start_deliverer() {
  g_ending = false;
  deliverer() = std::thread(deliver_as_they_come);
}

// With the interpreter lock, which the thread may wait for.
void end_deliverer() {
  if (!deliverer().joinable() || in_forked_child()) return;
  {
    const std::lock_guard lock(g_mutex);
    g_ending = true;
  }
  g_kept.notify_one();
  const nb::gil_scoped_release unlocked;
  deliverer().join();
}

}  // namespace

void tap_core_log() {
  LogSink former = set_log_sink({});
  set_log_sink([former = std::move(former)](const LogRecord& record) {
    const bool handed_over = g_wanted && !t_from_python && !in_forked_child();
    const bool printed = !(handed_over && g_others_print);
    if (former && printed) former(record);
    if (handed_over) keep(record, printed);
  });
}

void set_record_receiver(nb::object receiver) {
  if (receiver.is_none() && g_wanted) {
    g_others_print = false;
    end_deliverer();
    if (!in_forked_child()) deliver();
  }
  g_wanted = !receiver.is_none();
  g_receiving_thread = std::this_thread::get_id();
  kept_receiver() = std::move(receiver);
}

void ask_who_prints() noexcept {
  if (!g_wanted || in_forked_child()) return;
  try {
    const bool others = nb::cast<bool>(kept_receiver().attr("others_print")());
    if (others && !deliverer().joinable()) start_deliverer();
    g_others_print = others;
  } catch (nb::python_error& failure) {
    failure.discard_as_unraisable("looking at the handlers of Python's logging");
  }
}

void log_from_python(const LogRecord& record) {
  t_from_python = true;
  log_record(record);
  t_from_python = false;
}

void hand_over_records() noexcept {
  if (g_wanted && std::this_thread::get_id() == g_receiving_thread) deliver();
}

}  // namespace vdk
