// What a schedule is besides its expression.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vdk::service {

// What happens at a scheduled time when an execution of the deployment still runs.
enum class Overlap {
  forbid,   // the time is passed over, and on record as such
  allow,    // both run
  replace,  // the one that runs is cancelled, the new one starts when it has ended
};
[[nodiscard]] std::string_view to_string(Overlap overlap) noexcept;
[[nodiscard]] std::optional<Overlap> parse_overlap(std::string_view name) noexcept;

struct ScheduleSettings {
  std::string time_zone{};  // of the IANA database; empty: UTC
  Overlap overlap = Overlap::forbid;
  // A time that passed longer ago than this is not made up for; without a limit as in Kubernetes.
  std::optional<std::chrono::seconds> starting_deadline{};
  bool operator==(const ScheduleSettings&) const = default;
};

}  // namespace vdk::service
