#include "base/clock.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>

#include <fmt/format.h>

namespace vdk {
namespace {

using std::chrono::microseconds;

struct CivilTime {
  std::string text;  // 2026-01-31T23:59:59
  std::int64_t microsecond;
};

CivilTime to_civil(TimePoint time) {
  const auto since = std::chrono::floor<microseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(since);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(since - day);
  return {fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      clock.hours().count(), clock.minutes().count(), clock.seconds().count()),
          clock.subseconds().count()};
}

}  // namespace

std::string to_iso8601(TimePoint time) {
  const CivilTime civil = to_civil(time);
  return fmt::format("{}.{:06}Z", civil.text, civil.microsecond);
}

std::optional<TimePoint> from_iso8601(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto number = [text](std::size_t start, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + start, text.data() + start + length, value);
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2)) +
         microseconds(number(20, 6));
}

std::string to_python_iso(TimePoint time) {
  const CivilTime civil = to_civil(time);
  if (civil.microsecond == 0) return civil.text;  // as datetime.isoformat() does
  return fmt::format("{}.{:06}", civil.text, civil.microsecond);
}

std::string to_log_time(TimePoint time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto millisecond = std::chrono::floor<std::chrono::milliseconds>(time - second).count();
  const std::time_t unix_seconds = std::chrono::system_clock::to_time_t(second);
  std::tm local{};
  localtime_r(&unix_seconds, &local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03}", local.tm_year + 1900,
                     local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                     millisecond);
}

std::string to_duration_text(std::chrono::nanoseconds d) {
  // Each unit is chosen after rounding, so that no text says "1000 ms" or "60.0 s".
  const double milliseconds = std::max(0.0, std::chrono::duration<double, std::milli>(d).count());
  if (milliseconds < 0.95) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 999.5) return fmt::format("{:.0f} ms", milliseconds);
  const double seconds = milliseconds / 1000;
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const auto minutes = std::llround(seconds / 60);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string to_hms(std::chrono::nanoseconds d) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  return fmt::format("{:02}h:{:02}m:{:02}s", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

double to_unix_seconds(TimePoint time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace vdk
