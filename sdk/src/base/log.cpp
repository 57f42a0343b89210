#include "vdk/base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <vector>

#include "base/text.hpp"

namespace vdk {

namespace {

struct Logging {
  std::mutex sink_mutex;
  LogSink sink;
  std::atomic<LogLevel> level{LogLevel::info};
  std::mutex secrets_mutex;
  std::vector<std::string> secrets;  // longest first: one may contain another
};

// Never destroyed: threads may log while the process ends.
Logging& logging() {
  static auto* state = new Logging;
  return *state;
}

void write_to_stderr(const LogRecord& record) {
  std::string line;
  line.reserve(record.message.size() + 1);
  if (record.level >= LogLevel::warning) {
    line += to_string(record.level);
    line += ": ";
  }
  line += record.message;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const std::string wanted = upper(name);
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::critical}) {
    if (wanted == to_string(level)) return level;
  }
  if (wanted == "WARN") return LogLevel::warning;
  if (wanted == "FATAL") return LogLevel::critical;
  return std::nullopt;
}

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO";
    case LogLevel::warning:
      return "WARNING";
    case LogLevel::error:
      return "ERROR";
    case LogLevel::critical:
      return "CRITICAL";
  }
  return "INFO";
}

void log(LogLevel level, std::string_view logger, std::string_view message,
         std::source_location where) {
  if (!log_enabled(level)) return;
  log_record({level, logger, message, {where.file_name(), where.line(), where.function_name()}});
}

void log_record(const LogRecord& record) {
  const std::string message = redact(record.message);
  LogRecord safe = record;
  safe.message = message;
  Logging& state = logging();
  const std::lock_guard lock(state.sink_mutex);
  if (state.sink) {
    state.sink(safe);
  } else {
    write_to_stderr(safe);
  }
}

bool log_enabled(LogLevel level) noexcept {
  return level >= logging().level.load(std::memory_order_relaxed);
}

LogSink set_log_sink(LogSink sink) {
  Logging& state = logging();
  const std::lock_guard lock(state.sink_mutex);
  std::swap(state.sink, sink);
  return sink;
}

void set_log_level(LogLevel level) noexcept {
  logging().level.store(level, std::memory_order_relaxed);
}

void add_secret(std::string_view secret) {
  if (secret.size() < 4) return;
  Logging& state = logging();
  const std::lock_guard lock(state.secrets_mutex);
  if (std::ranges::find(state.secrets, secret) != state.secrets.end()) return;
  const auto place = std::ranges::find_if(
      state.secrets, [&](const std::string& other) { return other.size() < secret.size(); });
  state.secrets.emplace(place, secret);
}

std::string redact(std::string_view text) {
  Logging& state = logging();
  std::string safe(text);
  const std::lock_guard lock(state.secrets_mutex);
  for (const std::string& secret : state.secrets) {
    for (std::size_t at = safe.find(secret); at != std::string::npos;
         at = safe.find(secret, at + 3)) {
      safe.replace(at, secret.size(), "***");
    }
  }
  return safe;
}

}  // namespace vdk
