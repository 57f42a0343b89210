// The fields of a cron expression as sets of numbers, and the times of a calendar that match them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vdk::service {

// Seconds since 1970 on a clock at the wall: no zone, no clock changes.
using LocalSeconds = std::chrono::local_seconds;

// Bit n of a set stands for the number n.
struct CronFields {
  std::uint64_t seconds = 1;
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;      // 1 to 31
  std::uint64_t months = 0;    // 1 to 12
  std::uint64_t weekdays = 0;  // 0 (Sunday) to 6
  // A day has to be in both `days` and `weekdays`, as one of the fields is `*` or `?`; otherwise
  // either is enough.
  bool both_days = true;
  bool has_seconds = false;

  // Reads five or six fields. Throws Error (user) with the place.
  [[nodiscard]] static CronFields parse(std::string_view expression);

  // Whether any day of the calendar matches.
  [[nodiscard]] bool has_day() const noexcept;

  // The first match from `from` on and before `end`.
  [[nodiscard]] std::optional<LocalSeconds> first(LocalSeconds from, LocalSeconds end) const;

 private:
  [[nodiscard]] bool matches(std::chrono::year_month_day date,
                             std::chrono::local_days day) const noexcept;
};

}  // namespace vdk::service
