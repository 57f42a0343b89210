#include "schedule/cron.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "schedule/cron_error.hpp"
#include "schedule/go_duration.hpp"

namespace vdk::service {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros{{
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
}};
constexpr std::string_view kEvery = "@every ";

// A schedule that has a day meets it within eight years; one that a change of the clock leaves out
// may have to wait for several.
constexpr std::chrono::years kFarthest{40};

seconds parse_every(std::string_view expression) {
  const std::string_view text = expression.substr(kEvery.size());
  const std::optional<std::chrono::nanoseconds> every = parse_go_duration(text);
  constexpr std::string_view remedy =
      "Give a number with a unit of h, m or s, or several of them: @every 1h30m.";
  if (!every) {
    fail_cron(expression, kEvery.size(), fmt::format("'{}' is no duration", text.substr(0, 100)),
              remedy);
  }
  if (every->count() <= 0) {
    fail_cron(expression, kEvery.size(), "the duration has to be greater than zero", remedy);
  }
  return std::max(seconds(1), std::chrono::floor<seconds>(*every));
}

}  // namespace

Cron Cron::parse(std::string_view expression, std::string_view time_zone) {
  Cron cron;
  if (expression.starts_with("TZ=") || expression.starts_with("CRON_TZ=")) {
    fail_cron(expression, 0, "a time zone does not belong into the expression",
              "Give the time zone as a setting of its own, as Kubernetes asks for it too.");
  }
  if (expression.starts_with(kEvery)) {
    cron.every_ = parse_every(expression);
  } else if (expression.starts_with('@')) {
    const auto* macro = std::ranges::find(kMacros, expression,
                                          &std::pair<std::string_view, std::string_view>::first);
    if (macro == kMacros.end()) {
      fail_cron(expression, 0, "it is no macro",
                "The macros are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually "
                "and @every with a duration, in small letters and with nothing after them.");
    }
    cron.fields_ = CronFields::parse(macro->second);
  } else {
    cron.fields_ = CronFields::parse(expression);
  }
  cron.zone_ = TimeZone::find(time_zone);
  return cron;
}

// Spans of one offset are searched one after the other: within one, local time goes on as steadily
// as universal time does. So a local time that is left out is never met, and one that comes twice
// is met twice.
std::optional<sys_seconds> Cron::next(sys_seconds after) const {
  if (every_ != seconds(0)) return after + every_;
  const sys_seconds farthest = after + std::chrono::duration_cast<seconds>(kFarthest);
  for (sys_seconds from = after + seconds(1); from < farthest;) {
    const TimeZone::Span span = zone_->span_at(from);
    const sys_seconds end = std::min(span.end, farthest);
    const auto local = [&span](sys_seconds time) {
      return LocalSeconds(time.time_since_epoch() + span.offset);
    };
    if (const auto match = fields_.first(local(from), local(end))) {
      return sys_seconds(match->time_since_epoch() - span.offset);
    }
    from = end;
  }
  return std::nullopt;
}

std::optional<sys_seconds> Cron::latest(sys_seconds after, sys_seconds until) const {
  std::optional<sys_seconds> found = next(after);
  if (!found || *found > until) return std::nullopt;
  if (every_ != seconds(0)) return after + (until - after) / every_ * every_;
  // next() grows with its argument: the last argument for which it is not past `until` leads to the
  // last match, and is found by halving what lies between.
  sys_seconds low = *found - seconds(1);
  sys_seconds high = until;  // next(high) is past `until`
  while (low + seconds(1) < high) {
    const sys_seconds middle = low + (high - low) / 2;
    const std::optional<sys_seconds> match = next(middle);
    if (match && *match <= until) {
      found = match;
      low = *match - seconds(1) > middle ? *match - seconds(1) : middle;
    } else {
      high = middle;
    }
  }
  return found;
}

}  // namespace vdk::service
