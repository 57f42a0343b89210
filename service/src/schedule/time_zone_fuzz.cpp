// Reading a TZif file never crashes, and a span that it gives contains the moment it was asked for.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schedule/time_zone.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using std::chrono::seconds;
  using std::chrono::sys_seconds;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto zone = vdk::service::TimeZone::parse("fuzzed", bytes);
  if (!zone) return 0;
  for (std::int64_t at = -5'000'000'000; at < 9'000'000'000; at += 777'777'777) {
    const sys_seconds time{seconds(at)};
    const auto span = zone->span_at(time);
    if (span.begin > time || span.end <= time) std::abort();
  }
  return 0;
}
