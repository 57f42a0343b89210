#include "reconcile/schedule_options.hpp"

#include <charconv>

#include <fmt/format.h>

#include "base/text.hpp"
#include "schedule/time_zone.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

constexpr std::string_view kSection = "job";

[[noreturn]] void refuse(std::string_view key, const std::string& value, const std::string& why) {
  throw user_error(
      {.what = fmt::format("config.ini: '{}' is '{}'.", key, value),
       .why = why,
       .consequence = "The job is not deployed; what was deployed before goes on.",
       .countermeasure = "Correct it in section [job] of config.ini and deploy the job again."});
}

// Empty where the job says nothing.
std::string text_of(const vdk::JobConfig& config, std::string_view key) {
  return std::string(trim(config.get(kSection, key).value_or("")));
}

}  // namespace

ScheduleSettings schedule_settings_of(const vdk::JobConfig& config) {
  ScheduleSettings settings;
  settings.time_zone = text_of(config, "schedule_time_zone");
  // Whoever does not know it says so.
  if (!settings.time_zone.empty()) static_cast<void>(TimeZone::find(settings.time_zone));
  if (const auto overlap = lower(text_of(config, "schedule_overlap")); !overlap.empty()) {
    const auto parsed = parse_overlap(overlap);
    if (!parsed) refuse("schedule_overlap", overlap, "It has to be forbid, allow or replace.");
    settings.overlap = *parsed;
  }
  if (const auto text = text_of(config, "schedule_deadline_seconds"); !text.empty()) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr std::int64_t kMost = std::int64_t{366} * 24 * 3600;
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 1 ||
        seconds > kMost) {
      refuse("schedule_deadline_seconds", text,
             fmt::format("It has to be a number of seconds from 1 to {}.", kMost));
    }
    settings.starting_deadline = std::chrono::seconds(seconds);
  }
  return settings;
}

}  // namespace vdk::service
