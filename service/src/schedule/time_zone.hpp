// One zone of the IANA database, as the system's tzdata describes it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::service {

// When a zone changes its offset, as the last line of a TZif file gives it for all years to come.
struct ZoneRule {
  // A day of the year and a time of that day, which may lie days before or after it.
  struct Change {
    enum class Kind { month_week_day, julian_day, day_of_year } kind = Kind::julian_day;
    int month = 0, week = 0, day = 0;
    std::chrono::seconds time{};
    // In seconds of local time since 1970, whatever the offset is.
    [[nodiscard]] std::chrono::sys_seconds in_year(std::chrono::year year) const;
  };
  std::chrono::seconds standard{};
  struct Summer {
    std::chrono::seconds offset;
    Change start, end;
  };
  std::optional<Summer> summer{};
};

// Immutable; any thread may ask.
class TimeZone {
 public:
  // A time for which the offset is the same: from `begin` on, before `end`.
  struct Span {
    std::chrono::sys_seconds begin, end;
    std::chrono::seconds offset;  // local time is universal time plus this
  };

  // The zone of that name ("Europe/Sofia", "UTC"), read once per process. Throws Error (user) where
  // there is none, and Error (configuration) where this machine has no time zones at all. TZDIR
  // names another directory than /usr/share/zoneinfo.
  [[nodiscard]] static std::shared_ptr<const TimeZone> find(std::string_view name);

  // The names of this machine's zones, in no order; reads the directory each time.
  [[nodiscard]] static std::vector<std::string> names();

  // What the bytes of a TZif file (RFC 9636) say, or nothing where they are none that can be used.
  [[nodiscard]] static std::optional<TimeZone> parse(std::string name, std::string_view bytes);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] Span span_at(std::chrono::sys_seconds time) const;

 private:
  struct Transition {
    std::chrono::sys_seconds at;
    std::chrono::seconds offset;
  };

  TimeZone() = default;
  [[nodiscard]] Span span_by_rule(std::chrono::sys_seconds time, Span last) const;

  std::string name_;
  std::chrono::seconds first_offset_{};
  std::vector<Transition> transitions_;  // in order
  std::optional<ZoneRule> rule_;         // for what comes after them
};

// The rule that a POSIX TZ text ("EET-2EEST,M3.5.0/3,M10.5.0/4") gives, or nothing.
[[nodiscard]] std::optional<ZoneRule> parse_zone_rule(std::string_view text);

}  // namespace vdk::service
