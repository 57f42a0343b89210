#include "schedule/cron_fields.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "schedule/cron_error.hpp"

namespace vdk::service {
namespace {

using std::chrono::local_days;
using std::chrono::seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

// What a field may hold. The first of `names` stands for `least`.
struct Bounds {
  std::string_view name;
  unsigned least, most;
  std::span<const std::string_view> names{};
};

constexpr Bounds kSecond{"second", 0, 59};
constexpr std::array<Bounds, 5> kFields{{{"minute", 0, 59},
                                         {"hour", 0, 23},
                                         {"day of month", 1, 31},
                                         {"month", 1, 12, kMonths},
                                         {"day of week", 0, 6, kWeekdays}}};

std::string allowed(const Bounds& bounds) {
  std::string text =
      fmt::format("A {} is a number from {} to {}", bounds.name, bounds.least, bounds.most);
  if (!bounds.names.empty()) {
    text += fmt::format(" or a name from {} to {}", upper(bounds.names.front()),
                        upper(bounds.names.back()));
  }
  if (bounds.names.data() == kWeekdays.data()) text += "; Sunday is 0";
  return text + ".";
}

struct Word {
  std::string_view text;
  std::size_t offset = 0;  // in the expression
};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<Word> words_of(std::string_view expression) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < expression.size();) {
    if (is_blank(expression[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < expression.size() && !is_blank(expression[end])) ++end;
    words.push_back({expression.substr(at, end - at), at});
    at = end;
  }
  return words;
}

// The parts of a word between separators, with their places.
std::vector<Word> parts_of(Word word, char separator) {
  std::vector<Word> parts;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(word.text.find(separator, begin), word.text.size());
    parts.push_back({word.text.substr(begin, end - begin), word.offset + begin});
    if (end == word.text.size()) return parts;
    begin = end + 1;
  }
}

// One field of an expression on its way to a set.
class Field {
 public:
  Field(std::string_view expression, const Bounds& bounds, std::size_t number)
      : expression_(expression), bounds_(bounds), number_(number) {}

  std::uint64_t read(Word word) {
    std::uint64_t set = 0;
    for (const Word part : parts_of(word, ',')) {
      if (!part.text.empty()) set |= range(part);  // Kubernetes takes "1,,2" as well
    }
    if (set == 0) fail(word, "it names no value");
    return set;
  }

  [[nodiscard]] bool has_star() const { return has_star_; }

 private:
  // "*", "?", "5", "1-5", each with "/step" or without; "5/step" goes up to the last value.
  std::uint64_t range(Word part) {
    const std::vector<Word> step_parts = parts_of(part, '/');
    const std::vector<Word> ends = parts_of(step_parts[0], '-');
    const bool star = ends[0].text == "*" || ends[0].text == "?";
    unsigned first = bounds_.least;
    unsigned last = bounds_.most;
    if (!star) {
      first = value(ends[0]);
      last = ends.size() > 1 ? value(ends[1]) : first;
      if (ends.size() > 2) fail(part, fmt::format("'{}' has more than one hyphen", part.text));
    }
    unsigned step = 1;
    if (step_parts.size() > 2) fail(part, fmt::format("'{}' has more than one slash", part.text));
    if (step_parts.size() == 2) {
      step = number(step_parts[1]);
      if (step == 0) fail(step_parts[1], "a step of 0 leads nowhere");
      if (ends.size() == 1) last = bounds_.most;
    }
    if (first < bounds_.least) {
      fail(ends[0], fmt::format("{} is below {}", first, bounds_.least));
    }
    if (last > bounds_.most) {
      fail(ends.back(), fmt::format("{} is above {}", last, bounds_.most));
    }
    if (first > last) {
      fail(part, fmt::format("the range '{}' ends before it begins", step_parts[0].text));
    }
    has_star_ = has_star_ || (star && step == 1);

    std::uint64_t set = 0;
    for (unsigned n = first; n <= last; n += std::min(step, 64U)) set |= std::uint64_t{1} << n;
    return set;
  }

  [[nodiscard]] unsigned value(Word word) const {
    const auto name = std::ranges::find(bounds_.names, lower(word.text));
    if (name != bounds_.names.end()) {
      return bounds_.least + static_cast<unsigned>(name - bounds_.names.begin());
    }
    return number(word);
  }

  [[nodiscard]] unsigned number(Word word) const {
    std::string_view digits = word.text;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || end != digits.data() + digits.size()) {
      if (word.text.empty()) fail(word, "a number is missing");
      fail(word, fmt::format("'{}' is no {}", word.text, bounds_.name));
    }
    if (error != std::errc{}) fail(word, fmt::format("'{}' is too large", word.text));
    return value;
  }

  [[noreturn]] void fail(Word word, std::string_view reason) const {
    fail_cron(expression_, word.offset,
              fmt::format("{} (field {}): {}", bounds_.name, number_, reason), allowed(bounds_));
  }

  std::string_view expression_;
  const Bounds& bounds_;
  std::size_t number_;
  bool has_star_ = false;
};

// The smallest number of the set that is at least `from`, or 64.
unsigned next_in(std::uint64_t set, unsigned from) {
  if (from > 63) return 64;
  return static_cast<unsigned>(std::countr_zero(set >> from << from));
}

// The first matching time of a day from `from` on.
std::optional<seconds> first_time(const CronFields& fields, seconds from) {
  const auto at = static_cast<unsigned>(from.count());
  unsigned hour = at / 3600;
  unsigned minute = at / 60 % 60;
  unsigned second = next_in(fields.seconds, at % 60);
  if (second > 59) {
    second = next_in(fields.seconds, 0);
    ++minute;
  }
  const unsigned wanted_minute = minute;
  minute = next_in(fields.minutes, minute);
  if (minute != wanted_minute) second = next_in(fields.seconds, 0);
  if (minute > 59) {
    minute = next_in(fields.minutes, 0);
    ++hour;
  }
  const unsigned wanted_hour = hour;
  hour = next_in(fields.hours, hour);
  if (hour > 23) return std::nullopt;
  if (hour != wanted_hour) {
    minute = next_in(fields.minutes, 0);
    second = next_in(fields.seconds, 0);
  }
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
}

}  // namespace

CronFields CronFields::parse(std::string_view expression) {
  const std::vector<Word> words = words_of(expression);
  if (words.size() != 5 && words.size() != 6) {
    fail_cron(expression, 0,
              words.empty() ? "it is empty"
                            : fmt::format("it has {} {}, not five", words.size(),
                                          plural(words.size(), "field", "fields")),
              "Give minute, hour, day of month, month and day of week (a field for seconds may "
              "stand before them), or a macro such as @daily.");
  }
  CronFields fields;
  fields.has_seconds = words.size() == 6;
  std::size_t at = 0;
  if (fields.has_seconds) {
    fields.seconds = Field(expression, kSecond, 1).read(words[at++]);
  }
  std::array<std::uint64_t, 5> sets{};
  std::array<bool, 5> stars{};
  for (std::size_t i = 0; i < kFields.size(); ++i, ++at) {
    Field field(expression, kFields[i], at + 1);
    sets[i] = field.read(words[at]);
    stars[i] = field.has_star();
  }
  fields.minutes = sets[0];
  fields.hours = sets[1];
  fields.days = sets[2];
  fields.months = sets[3];
  fields.weekdays = sets[4];
  fields.both_days = stars[2] || stars[4];
  if (!fields.has_day()) {
    const Word day = words[words.size() - 3];
    fail_cron(expression, day.offset,
              fmt::format("day of month (field {}): no month that it names has a day {}",
                          words.size() - 2, day.text),
              "February has 29 days at most; April, June, September and November have 30.");
  }
  return fields;
}

bool CronFields::has_day() const noexcept {
  constexpr std::uint64_t kWeekdaySet = 0x7f;
  if (!both_days || (weekdays & kWeekdaySet) != kWeekdaySet) return true;
  constexpr std::array<unsigned, 13> length{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const unsigned first_day = next_in(days, 1);
  for (unsigned month = 1; month <= 12; ++month) {
    if ((months >> month & 1U) != 0 && first_day <= length[month]) return true;
  }
  return false;
}

bool CronFields::matches(year_month_day date, local_days day) const noexcept {
  const bool in_days = (days >> static_cast<unsigned>(date.day()) & 1U) != 0;
  const bool in_weekdays = (weekdays >> std::chrono::weekday(day).c_encoding() & 1U) != 0;
  return both_days ? in_days && in_weekdays : in_days || in_weekdays;
}

std::optional<LocalSeconds> CronFields::first(LocalSeconds from, LocalSeconds end) const {
  local_days day = std::chrono::floor<std::chrono::days>(from);
  std::chrono::seconds time = from - day;
  while (day + time < end) {
    const year_month_day date(day);
    if ((months >> static_cast<unsigned>(date.month()) & 1U) == 0) {
      day = local_days((date.year() / date.month() / 1) + std::chrono::months(1));
    } else {
      if (matches(date, day)) {
        if (const auto found = first_time(*this, time)) {
          const LocalSeconds match = day + *found;
          return match < end ? std::optional(match) : std::nullopt;
        }
      }
      day += std::chrono::days(1);
    }
    time = std::chrono::seconds(0);
  }
  return std::nullopt;
}

}  // namespace vdk::service
