// Times as people and files read them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vdk {

using TimePoint = std::chrono::system_clock::time_point;

// 2026-01-31T23:59:59.123456Z
[[nodiscard]] std::string to_iso8601(TimePoint time);
// What to_iso8601 wrote, or nothing.
[[nodiscard]] std::optional<TimePoint> from_iso8601(std::string_view text);
// 2026-01-31T23:59:59.123456: UTC as Python's isoformat(), without a fraction of zero.
[[nodiscard]] std::string to_python_iso(TimePoint time);
// 2026-01-31 23:59:59,123 local time
[[nodiscard]] std::string to_log_time(TimePoint time);
// "12 ms", "3.4 s", "2 min 05 s"
[[nodiscard]] std::string to_duration_text(std::chrono::nanoseconds d);
// "00h:00m:03s", as upstream's query log
[[nodiscard]] std::string to_hms(std::chrono::nanoseconds d);
[[nodiscard]] double to_unix_seconds(TimePoint time);

}  // namespace vdk
