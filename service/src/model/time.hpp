// Instants of the service: microseconds of UTC, and the forms in which clients read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vdk::service {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

[[nodiscard]] Time now();

[[nodiscard]] inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline Time from_micros(std::int64_t micros) {
  return Time(std::chrono::microseconds(micros));
}

// 2026-11-21T20:31:05.5Z: seconds always, a fraction without zeros at its end.
[[nodiscard]] std::string to_api_time(Time time);
// 2026-11-21T20:31Z, 2026-11-21T20:31:05.500Z: as GraphQL has it, without seconds where there are
// none, and a fraction of three, six or no digits.
[[nodiscard]] std::string to_graphql_time(Time time);
// 2026-11-21T20:31:05.123+00:00
[[nodiscard]] std::string to_framework_time(Time time);
// 2026-11-21T20:31:05.123456789Z: always nine digits, as a container's log has them.
[[nodiscard]] std::string to_log_time(std::chrono::sys_time<std::chrono::nanoseconds> time);

}  // namespace vdk::service
