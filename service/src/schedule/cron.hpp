// When a job is to run: a cron expression as Kubernetes understands it, in a time zone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schedule/cron_fields.hpp"
#include "schedule/time_zone.hpp"

namespace vdk::service {

// docs/scheduling.md is the user's page of this class: fields, macros, `@every`, the time zone, and
// what happens when clocks are changed. Immutable and cheap to copy; any thread may ask.
class Cron {
 public:
  // Five fields (or six, seconds first), a macro, or `@every DURATION`; `time_zone` is a name of
  // the IANA database, or empty for UTC. Throws Error (user) that names the field and the place in
  // the expression (Error::place) where it cannot be read or has no time at all (31 February).
  // Whoever means "never" by an empty expression has to ask before.
  [[nodiscard]] static Cron parse(std::string_view expression, std::string_view time_zone = {});

  // The first time after `after`. Nothing only where each one falls into an hour that the zone
  // leaves out. `@every` counts from `after`.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after) const;

  // The last of the times after `after` up to `until` itself, however many they are.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> latest(
      std::chrono::sys_seconds after, std::chrono::sys_seconds until) const;

  // Whether Kubernetes takes the expression: it knows no seconds.
  [[nodiscard]] bool has_seconds() const noexcept { return fields_.has_seconds; }

 private:
  Cron() = default;

  CronFields fields_{};
  std::shared_ptr<const TimeZone> zone_;
  std::chrono::seconds every_{};  // where not zero, the fields are not used
};

}  // namespace vdk::service
