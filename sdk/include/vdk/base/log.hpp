// Logging. One sink per process host; every record passes the redactor first, so a secret that the
// program knows of never leaves it.
#pragma once

#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

enum class LogLevel { debug, info, warning, error, critical };

[[nodiscard]] VDK_API std::string_view to_string(
    LogLevel level) noexcept;  // "DEBUG", "INFO", "WARNING", ...
// In any case, and by the short names that Python's logging has for two of them: WARN, FATAL.
[[nodiscard]] VDK_API std::optional<LogLevel> parse_log_level(std::string_view name);

// Where a record was written; of C++ code the compiler says it, of other languages their hosts.
struct LogPlace {
  std::string_view file;
  unsigned line = 0;
  std::string_view function;
};

struct LogRecord {
  LogLevel level;
  std::string_view logger;  // dotted, as Python's: "vdk.ingest"
  std::string_view message;
  LogPlace where;
};

// Any thread may log. Cheap when the level is off.
VDK_API void log(LogLevel level, std::string_view logger, std::string_view message,
                 std::source_location where = std::source_location::current());
[[nodiscard]] VDK_API bool log_enabled(LogLevel level) noexcept;
// As log, whatever the level is: for hosts whose language has levels of its own.
VDK_API void log_record(const LogRecord& record);

// Replaces where records go; returns the former sink. The sink is called under a lock, never twice
// at a time.
using LogSink = std::function<void(const LogRecord&)>;
VDK_API LogSink set_log_sink(LogSink sink);
VDK_API void set_log_level(LogLevel level) noexcept;

// From now on the text is printed as `***` in every record and by redact(). Texts shorter than four
// bytes are not kept: hiding them would garble every line.
VDK_API void add_secret(std::string_view secret);
[[nodiscard]] VDK_API std::string redact(std::string_view text);

}  // namespace vdk
