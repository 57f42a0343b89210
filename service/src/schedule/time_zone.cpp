#include "schedule/time_zone.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

// ---- the TZif file ---------------------------------------------------------------------------

// Reads big-endian numbers; past the end everything is zero and `good` is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : take(width)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::int64_t signed_number(std::size_t width) {
    const std::uint64_t value = number(width);
    return width == 4 ? std::int64_t{std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(value))}
                      : std::bit_cast<std::int64_t>(value);
  }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

struct Header {
  char version = 0;
  std::size_t ut_flags = 0, std_flags = 0, leaps = 0, times = 0, types = 0, chars = 0;

  [[nodiscard]] std::size_t body(std::size_t time_width) const {
    return times * (time_width + 1) + types * 6 + chars + leaps * (time_width + 4) + std_flags +
           ut_flags;
  }
};

std::optional<Header> read_header(Reader& reader) {
  if (reader.take(4) != "TZif") return std::nullopt;
  Header header;
  const std::string_view version = reader.take(1);
  header.version = version.empty() ? '\0' : version[0];
  reader.take(15);
  for (std::size_t* count : {&header.ut_flags, &header.std_flags, &header.leaps, &header.times,
                             &header.types, &header.chars}) {
    *count = reader.number(4);
  }
  if (!reader.good()) return std::nullopt;
  return header;
}

// ---- the rule for the years after the last transition ------------------------------------------

// Takes the characters of a POSIX TZ text from its front.
class RuleText {
 public:
  explicit RuleText(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return text_.empty(); }
  [[nodiscard]] char peek() const { return text_.empty() ? '\0' : text_[0]; }

  bool accept(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool name() {
    std::size_t length = 0;
    if (accept('<')) {
      length = text_.find('>');
      if (length == std::string_view::npos) return false;
      text_.remove_prefix(length + 1);
    } else {
      const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
      while (length < text_.size() && letter(text_[length])) ++length;
      text_.remove_prefix(length);
    }
    return length >= 3;
  }

  std::optional<int> number(int least, int most) {
    int value = 0;
    std::size_t digits = 0;
    while (peek() >= '0' && peek() <= '9' && digits < 4) {
      value = value * 10 + (peek() - '0');
      text_.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || value < least || value > most) return std::nullopt;
    return value;
  }

  // [+-]h[h[h]][:mm[:ss]]
  std::optional<seconds> time(int most_hours) {
    const bool negative = accept('-');
    if (!negative) accept('+');
    const std::optional<int> hour = number(0, most_hours);
    std::optional<int> minute = 0;
    std::optional<int> second = 0;
    if (hour && accept(':')) {
      minute = number(0, 59);
      if (minute && accept(':')) second = number(0, 59);
    }
    if (!hour || !minute || !second) return std::nullopt;
    const seconds value = hours(*hour) + minutes(*minute) + seconds(*second);
    return negative ? -value : value;
  }

  // ,Mm.w.d[/time] or ,Jn[/time] or ,n[/time]
  std::optional<ZoneRule::Change> change() {
    using Kind = ZoneRule::Change::Kind;
    if (!accept(',')) return std::nullopt;
    ZoneRule::Change change;
    change.time = hours(2);
    std::optional<int> day;
    if (accept('M')) {
      const auto month = number(1, 12);
      if (!month || !accept('.')) return std::nullopt;
      const auto week = number(1, 5);
      if (!week || !accept('.')) return std::nullopt;
      day = number(0, 6);
      change.kind = Kind::month_week_day;
      change.month = *month;
      change.week = *week;
    } else if (accept('J')) {
      day = number(1, 365);
      change.kind = Kind::julian_day;
    } else {
      day = number(0, 365);
      change.kind = Kind::day_of_year;
    }
    if (!day) return std::nullopt;
    change.day = *day;
    if (accept('/')) {
      const std::optional<seconds> at = time(167);
      if (!at) return std::nullopt;
      change.time = *at;
    }
    return change;
  }

 private:
  std::string_view text_;
};

// ---- names -------------------------------------------------------------------------------------

std::filesystem::path zone_directory() {
  const char* directory = std::getenv("TZDIR");
  return directory != nullptr && *directory != '\0' ? directory : "/usr/share/zoneinfo";
}

// What a zone's name is made of; so no name leaves the directory.
bool is_zone_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, plain) &&
         name.front() != '/' && name.back() != '/' && !name.contains("//");
}

std::optional<std::string> read_zone_file(std::string_view name) {
  if (!is_zone_name(name)) return std::nullopt;
  const std::filesystem::path path = zone_directory() / name;
  std::error_code error;
  constexpr std::uintmax_t largest = 1 << 20;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  if (std::filesystem::file_size(path, error) > largest || error) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool is_zone_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "TZif";
}

// The zone that a person may have meant by a name that is none.
std::optional<std::string> meant_zone(std::string_view name) {
  if (name.size() > 100) return std::nullopt;
  std::map<std::string, std::string> by_lower;
  std::vector<std::string> candidates;
  for (const std::string& known : TimeZone::names()) {
    candidates.push_back(lower(known));
    by_lower.emplace(candidates.back(), known);
  }
  const std::string wanted = replace_all(lower(trim(name)), " ", "_");
  if (const auto same = by_lower.find(wanted); same != by_lower.end()) return same->second;
  const std::optional<std::string> near = nearest_name(wanted, candidates);
  return near ? std::optional(by_lower[*near]) : std::nullopt;
}

[[noreturn]] void refuse(std::string_view name) {
  constexpr std::string_view consequence = "The schedule cannot be used.";
  std::error_code error;
  if (!std::filesystem::is_regular_file(zone_directory() / "UTC", error)) {
    throw configuration_error(
        {.what = "This machine has no time zones.",
         .why = fmt::format("{} does not hold the IANA time zone database.",
                            zone_directory().string()),
         .consequence = std::string(consequence),
         .countermeasure = "Install the package tzdata, or set TZDIR to where it is."});
  }
  const std::optional<std::string> meant = meant_zone(name);
  throw user_error(
      {.what = fmt::format("Unknown time zone '{}'.", name),
       .why = "It is no name of the IANA time zone database of this machine.",
       .consequence = std::string(consequence),
       .countermeasure = meant ? fmt::format("Did you mean '{}'?", *meant)
                               : "Give a name such as 'Europe/Sofia', or none for UTC."});
}

}  // namespace

// ---- ZoneRule ----------------------------------------------------------------------------------

sys_seconds ZoneRule::Change::in_year(year in) const {
  switch (kind) {
    case Kind::month_week_day: {
      const std::chrono::month of(static_cast<unsigned>(month));
      const std::chrono::weekday on(static_cast<unsigned>(day));
      const sys_days date = week == 5 ? sys_days(in / of / on[std::chrono::last])
                                      : sys_days(in / of / on[static_cast<unsigned>(week)]);
      return date + time;
    }
    case Kind::julian_day: {  // 29 February is not counted
      const int leap = in.is_leap() && day >= 60 ? 1 : 0;
      return sys_days(in / 1 / 1) + days(day - 1 + leap) + time;
    }
    case Kind::day_of_year:
      return sys_days(in / 1 / 1) + days(day) + time;
  }
  return {};
}

std::optional<ZoneRule> parse_zone_rule(std::string_view text) {
  RuleText rest(text);
  if (!rest.name()) return std::nullopt;
  const std::optional<seconds> standard = rest.time(24);
  if (!standard) return std::nullopt;
  ZoneRule rule{.standard = -*standard};  // POSIX counts west of Greenwich
  if (rest.done()) return rule;

  if (!rest.name()) return std::nullopt;
  seconds offset = rule.standard + hours(1);
  if (rest.peek() != ',') {
    const std::optional<seconds> given = rest.time(24);
    if (!given) return std::nullopt;
    offset = -*given;
  }
  const std::optional<ZoneRule::Change> start = rest.change();
  const std::optional<ZoneRule::Change> end = start ? rest.change() : std::nullopt;
  if (!end || !rest.done()) return std::nullopt;
  rule.summer = {.offset = offset, .start = *start, .end = *end};
  return rule;
}

// ---- TimeZone ----------------------------------------------------------------------------------

std::optional<TimeZone> TimeZone::parse(std::string name, std::string_view bytes) {
  Reader reader(bytes);
  std::optional<Header> header = read_header(reader);
  if (!header) return std::nullopt;
  std::size_t time_width = 4;
  if (header->version >= '2') {  // the same again with times of 64 bits
    reader.take(header->body(time_width));
    header = read_header(reader);
    if (!header) return std::nullopt;
    time_width = 8;
  }
  // A clock that counts leap seconds ("right/...") is not the one that this machine's time is in.
  if (header->leaps != 0 || header->types == 0 || header->types > 256 ||
      header->body(time_width) > reader.rest().size()) {
    return std::nullopt;
  }

  TimeZone zone;
  zone.name_ = std::move(name);
  std::vector<sys_seconds> times(header->times);
  for (sys_seconds& time : times) time = sys_seconds(seconds(reader.signed_number(time_width)));
  std::vector<std::size_t> types(header->times);
  for (std::size_t& type : types) type = reader.number(1);
  std::vector<seconds> offsets(header->types);
  for (seconds& offset : offsets) {
    offset = seconds(reader.signed_number(4));
    reader.take(2);
    if (std::chrono::abs(offset) > hours(26)) return std::nullopt;
  }
  zone.first_offset_ = offsets[0];
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (types[i] >= offsets.size() || (i > 0 && times[i] <= times[i - 1])) return std::nullopt;
    zone.transitions_.push_back({times[i], offsets[types[i]]});
  }
  reader.take(header->chars + header->std_flags + header->ut_flags);
  if (time_width == 8) {
    if (reader.take(1) != "\n") return std::nullopt;
    const std::string_view footer = reader.rest().substr(0, reader.rest().find('\n'));
    if (footer.size() == reader.rest().size()) return std::nullopt;
    if (!footer.empty()) {
      zone.rule_ = parse_zone_rule(footer);
      if (!zone.rule_) return std::nullopt;
    }
  }
  return zone;
}

std::vector<std::string> TimeZone::names() {
  std::vector<std::string> names;
  const std::filesystem::path directory = zone_directory();
  std::error_code error;
  using Iterator = std::filesystem::recursive_directory_iterator;
  for (Iterator entry(directory, error); !error && entry != Iterator(); entry.increment(error)) {
    std::string name = entry->path().lexically_relative(directory).generic_string();
    if (name == "posix" || name == "right") entry.disable_recursion_pending();
    if (is_zone_name(name) && is_zone_file(entry->path())) names.push_back(std::move(name));
  }
  return names;
}

std::shared_ptr<const TimeZone> TimeZone::find(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> known;
  if (name.empty()) name = "UTC";
  {
    const std::lock_guard lock(mutex);
    if (const auto found = known.find(name); found != known.end()) return found->second;
  }
  std::optional<TimeZone> zone;
  if (name == "UTC") {  // also where no database is
    zone = TimeZone();
    zone->name_ = name;
  } else if (const std::optional<std::string> bytes = read_zone_file(name)) {
    zone = parse(std::string(name), *bytes);
  }
  if (!zone) refuse(name);
  const std::lock_guard lock(mutex);
  return known.emplace(name, std::make_shared<const TimeZone>(std::move(*zone))).first->second;
}

TimeZone::Span TimeZone::span_at(sys_seconds time) const {
  const auto next = std::ranges::upper_bound(transitions_, time, {}, &Transition::at);
  Span span{.begin = sys_seconds::min(), .end = sys_seconds::max(), .offset = first_offset_};
  if (next != transitions_.end()) span.end = next->at;
  if (next != transitions_.begin()) {
    span.begin = std::prev(next)->at;
    span.offset = std::prev(next)->offset;
  }
  return next == transitions_.end() && rule_ ? span_by_rule(time, span) : span;
}

// `last` begins with the last transition of the table and has no end.
TimeZone::Span TimeZone::span_by_rule(sys_seconds time, Span last) const {
  if (!rule_->summer) {
    last.offset = rule_->standard;
    return last;
  }
  const ZoneRule::Summer& summer = *rule_->summer;
  const year around = std::chrono::year_month_day(std::chrono::floor<days>(time)).year();
  std::array<Transition, 6> changes{};
  auto change = changes.begin();
  for (const year in : {around - std::chrono::years(1), around, around + std::chrono::years(1)}) {
    std::array<Transition, 2> pair{
        Transition{summer.start.in_year(in) - rule_->standard, summer.offset},
        Transition{summer.end.in_year(in) - summer.offset, rule_->standard}};
    // Summer may begin in spring or, south of the equator, in autumn.
    if (pair[1].at < pair[0].at) std::swap(pair[0], pair[1]);
    change = std::ranges::copy(pair, change).out;
  }
  // Where one year's end is the next year's start (summer all year), the later of them counts.
  const auto next = std::ranges::upper_bound(changes, time, {}, &Transition::at);
  if (next == changes.begin() || next == changes.end()) return last;  // far from any year
  return {std::max(std::prev(next)->at, last.begin), next->at, std::prev(next)->offset};
}

}  // namespace vdk::service
