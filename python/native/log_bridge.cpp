#include "log_bridge.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
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
};

std::atomic<bool> g_wanted{false};
std::thread::id g_receiving_thread;
std::mutex g_mutex;
std::deque<Record> g_records;

nb::object& kept_receiver() {
  static auto* kept = new nb::object;  // the interpreter ends before the process does
  return *kept;
}

void keep(const LogRecord& record) {
  const std::lock_guard lock(g_mutex);
  if (g_records.size() == kMostRecords) g_records.pop_front();
  g_records.push_back({record.level, std::string(record.logger), std::string(record.message),
                       std::string(record.where.file), record.where.line,
                       std::string(record.where.function)});
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

}  // namespace

void tap_core_log() {
  LogSink former = set_log_sink({});
  set_log_sink([former = std::move(former)](const LogRecord& record) {
    if (former) former(record);
    if (g_wanted && !t_from_python) keep(record);
  });
}

void set_record_receiver(nb::object receiver) {
  g_wanted = !receiver.is_none();
  g_receiving_thread = std::this_thread::get_id();
  kept_receiver() = std::move(receiver);
}

void log_from_python(const LogRecord& record) {
  t_from_python = true;
  log_record(record);
  t_from_python = false;
}

void hand_over_records() noexcept {
  if (!g_wanted || std::this_thread::get_id() != g_receiving_thread) return;
  std::deque<Record> records;
  {
    const std::lock_guard lock(g_mutex);
    records.swap(g_records);
  }
  const nb::object receive = kept_receiver();
  for (const Record& record : records) {
    try {
      receive(python_level(record.level), make_str(record.logger), make_str(record.message),
              make_str(record.file), record.line, make_str(record.function));
    } catch (nb::python_error& failure) {
      failure.discard_as_unraisable("handing a log record to Python's logging");
    }
  }
}

}  // namespace vdk
