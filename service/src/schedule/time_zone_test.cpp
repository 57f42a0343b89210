#include "schedule/time_zone.hpp"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "schedule/cron.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

// The C library's own reading of a zone: what the tests compare with.
class SystemZone {
 public:
  explicit SystemZone(const std::string& name) {
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
  }
  ~SystemZone() {
    unsetenv("TZ");
    tzset();
  }
  SystemZone(const SystemZone&) = delete;
  SystemZone& operator=(const SystemZone&) = delete;

  [[nodiscard]] static std::tm local(sys_seconds time) {
    const std::time_t unix_time = time.time_since_epoch().count();
    std::tm local{};
    localtime_r(&unix_time, &local);
    return local;
  }
};

constexpr sys_seconds kBegin = sys_days(std::chrono::year(2024) / 1 / 1);
constexpr sys_seconds kEnd = sys_days(std::chrono::year(2031) / 1 / 1);

// The moments between 2024 and 2030 at which the C library changes its offset.
std::vector<sys_seconds> transitions_of_the_system() {
  std::vector<sys_seconds> found;
  long offset = SystemZone::local(kBegin).tm_gmtoff;
  for (sys_seconds time = kBegin; time < kEnd; time += hours(3)) {
    if (SystemZone::local(time + hours(3)).tm_gmtoff == offset) continue;
    sys_seconds low = time;
    sys_seconds high = time + hours(3);
    while (high - low > seconds(1)) {
      const sys_seconds middle = low + (high - low) / 2;
      (SystemZone::local(middle).tm_gmtoff == offset ? low : high) = middle;
    }
    found.push_back(high);
    offset = SystemZone::local(high).tm_gmtoff;
  }
  return found;
}

TEST(TimeZone, offsets_are_those_of_the_c_library_from_1900_to_2400) {
  std::mt19937_64 random(1);
  const std::vector<std::string> names = TimeZone::names();
  ASSERT_GT(names.size(), 300U) << "tzdata is not installed";
  for (const std::string& name : names) {
    const auto zone = TimeZone::find(name);
    const SystemZone system(name);
    std::uniform_int_distribution<std::int64_t> when(-2'208'988'800, 13'569'465'600);
    for (int i = 0; i < 200; ++i) {
      const sys_seconds time{seconds(when(random))};
      ASSERT_EQ(zone->span_at(time).offset.count(), SystemZone::local(time).tm_gmtoff)
          << name << ' ' << to_python_iso(time);
    }
  }
}

TEST(TimeZone, a_span_ends_where_the_next_begins) {
  for (const std::string& name : TimeZone::names()) {
    const auto zone = TimeZone::find(name);
    const SystemZone system(name);
    std::vector<sys_seconds> found;
    for (sys_seconds time = kBegin; time < kEnd;) {
      const TimeZone::Span span = zone->span_at(time);
      ASSERT_LE(span.begin, time) << name;
      ASSERT_GT(span.end, time) << name;
      ASSERT_EQ(zone->span_at(span.end - seconds(1)).offset, span.offset) << name;
      time = span.end;
      if (time < kEnd && zone->span_at(time).offset != span.offset) found.push_back(time);
    }
    ASSERT_EQ(found, transitions_of_the_system()) << name;
  }
}

// Every second from two hours before a change of the clock to two hours after it, in every zone:
// what a schedule meets are exactly the seconds whose local time, as the C library tells it,
// matches. The fields are asked here one by one, so that nothing of the parser or of the search is
// shared.
TEST(CronInZones, meets_exactly_the_seconds_whose_local_time_matches) {
  struct Case {
    const char* expression;
    bool (*matches)(const std::tm&);
  };
  const std::vector<Case> cases{
      {"* * * * *", [](const std::tm& t) { return t.tm_sec == 0; }},
      {"30 * * * *", [](const std::tm& t) { return t.tm_sec == 0 && t.tm_min == 30; }},
      {"15 0-3 * * *",
       [](const std::tm& t) { return t.tm_sec == 0 && t.tm_min == 15 && t.tm_hour <= 3; }},
      {"0 0 * * *",
       [](const std::tm& t) { return t.tm_sec == 0 && t.tm_min == 0 && t.tm_hour == 0; }},
      {"*/10 2 * * 0",
       [](const std::tm& t) {
         return t.tm_sec == 0 && t.tm_min % 10 == 0 && t.tm_hour == 2 && t.tm_wday == 0;
       }},
      {"45 1,2,23 25-31 * 6",
       [](const std::tm& t) {
         return t.tm_sec == 0 && t.tm_min == 45 &&
                (t.tm_hour == 1 || t.tm_hour == 2 || t.tm_hour == 23) &&
                (t.tm_mday >= 25 || t.tm_wday == 6);
       }},
      {"*/25 */30 1-4 * 3,10 *",
       [](const std::tm& t) {
         return t.tm_sec % 25 == 0 && t.tm_min % 30 == 0 && t.tm_hour >= 1 && t.tm_hour <= 4 &&
                (t.tm_mon == 2 || t.tm_mon == 9);
       }},
  };
  std::size_t changes = 0;
  std::set<std::filesystem::path> seen;  // one zone often has several names
  for (const std::string& name : TimeZone::names()) {
    if (!seen.insert(std::filesystem::canonical("/usr/share/zoneinfo/" + name)).second) continue;
    std::vector<Cron> crons;
    crons.reserve(cases.size());
    for (const Case& one : cases) crons.push_back(Cron::parse(one.expression, name));
    const SystemZone system(name);
    for (const sys_seconds change : transitions_of_the_system()) {
      ++changes;
      const sys_seconds begin = change - hours(2);
      const sys_seconds end = change + hours(2);
      std::vector<std::vector<sys_seconds>> expected(cases.size());
      for (sys_seconds time = begin; time <= end; time += seconds(1)) {
        const std::tm local = SystemZone::local(time);
        for (std::size_t i = 0; i < cases.size(); ++i) {
          if (cases[i].matches(local)) expected[i].push_back(time);
        }
      }
      for (std::size_t i = 0; i < cases.size(); ++i) {
        std::vector<sys_seconds> met;
        for (auto time = crons[i].next(begin - seconds(1)); time && *time <= end;
             time = crons[i].next(*time)) {
          met.push_back(*time);
        }
        ASSERT_EQ(met, expected[i])
            << name << ' ' << to_python_iso(change) << ' ' << cases[i].expression;
        ASSERT_EQ(crons[i].latest(begin - seconds(1), end),
                  met.empty() ? std::nullopt : std::optional(met.back()))
            << name << ' ' << to_python_iso(change) << ' ' << cases[i].expression;
      }
    }
  }
  EXPECT_GT(changes, 1000U);
}

TEST(TimeZone, rules_for_the_years_to_come_are_read) {
  const auto rule = parse_zone_rule("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1");  // Greenland
  ASSERT_TRUE(rule && rule->summer);
  EXPECT_EQ(rule->standard, hours(-3));
  EXPECT_EQ(rule->summer->offset, hours(-2));
  EXPECT_EQ(rule->summer->start.in_year(std::chrono::year(2027)),
            sys_days(std::chrono::year(2027) / 3 / 28) - hours(2));
  const auto leap = parse_zone_rule("AAA-1BBB-3:30,J60/24,59");
  ASSERT_TRUE(leap && leap->summer);
  EXPECT_EQ(leap->summer->offset, hours(3) + minutes(30));
  EXPECT_EQ(leap->summer->start.in_year(std::chrono::year(2028)),
            sys_days(std::chrono::year(2028) / 3 / 2));
  EXPECT_EQ(leap->summer->end.in_year(std::chrono::year(2028)),
            sys_days(std::chrono::year(2028) / 2 / 29) + hours(2));
  for (const char* broken :
       {"", "E", "EET", "EET-2EEST", "EET-25", "EET-2EEST,M3.5.0", "EET-2EEST,M13.5.0,M10.5.0",
        "EET-2EEST,M3.6.0,M10.5.0", "EET-2EEST,M3.5.7,M10.5.0", "EET-2EEST,J0,J5",
        "EET-2EEST,J1,J366", "EET-2EEST,M3.5.0/168,M10.5.0", "EET-2EEST,M3.5.0,M10.5.0x",
        "<EE-2"}) {
    EXPECT_FALSE(parse_zone_rule(broken)) << broken;
  }
}

TEST(TimeZone, a_name_that_is_none_is_refused_with_the_one_that_was_meant) {
  const auto refused = [](std::string_view name) -> ErrorText {
    try {
      (void)TimeZone::find(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
      return error.text();
    }
    ADD_FAILURE() << name;
    return {.what = ""};
  };
  EXPECT_EQ(refused("Europe/Sofja").countermeasure, "Did you mean 'Europe/Sofia'?");
  EXPECT_EQ(refused("europe/sofia").countermeasure, "Did you mean 'Europe/Sofia'?");
  EXPECT_EQ(refused("America/New York").countermeasure, "Did you mean 'America/New_York'?");
  EXPECT_EQ(refused("nowhere at all").countermeasure,
            "Give a name such as 'Europe/Sofia', or none for UTC.");
  for (const char* name : {"Local", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/",
                           "tzdata.zi", "right/UTC", "Europe//Sofia", "."}) {
    EXPECT_NE(refused(name).what, "") << name;
  }
}

TEST(TimeZone, what_is_no_zone_file_is_none) {
  EXPECT_FALSE(TimeZone::parse("x", ""));
  EXPECT_FALSE(TimeZone::parse("x", "TZif"));
  EXPECT_FALSE(TimeZone::parse("x", "TZif2" + std::string(39, '\xff')));
  EXPECT_FALSE(TimeZone::parse("x", "TZif2" + std::string(39, '\0')));
}

TEST(TimeZone, no_name_is_utc) {
  EXPECT_EQ(TimeZone::find("")->name(), "UTC");
  EXPECT_EQ(TimeZone::find("UTC")->span_at(kBegin).offset, seconds(0));
}

}  // namespace
}  // namespace vdk::service
