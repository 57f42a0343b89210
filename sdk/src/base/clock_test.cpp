#include "base/clock.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include <gtest/gtest.h>

namespace vdk {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kTime =
    std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 23h + 59min + 58s + 123456us;

class TimeZone {
 public:
  explicit TimeZone(const char* name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    set(name);
  }
  ~TimeZone() { set(before_.c_str()); }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  static void set(const char* name) {
    if (*name == '\0') {
      unsetenv("TZ");
    } else {
      setenv("TZ", name, 1);
    }
    tzset();
  }
  std::string before_;
};

TEST(Clock, iso_times_are_utc_whatever_the_zone) {
  const TimeZone zone("XYZ-5:30");
  EXPECT_EQ(to_iso8601(kTime), "2026-01-31T23:59:58.123456Z");
  EXPECT_EQ(to_python_iso(kTime), "2026-01-31T23:59:58.123456");
}

TEST(Clock, iso_times_read_back_and_nothing_else_does) {
  for (const TimePoint time : {kTime, TimePoint(-1us), TimePoint()}) {
    EXPECT_EQ(from_iso8601(to_iso8601(time)), time);
  }
  for (const char* text : {"", "2026-01-31", "2026-01-31T23:59:59.123456",
                           "2026-02-30T00:00:00.000000Z", "2026-01-31T24:00:00.000000Z",
                           "2026-01-31T23:59:5x.000000Z", "2026-01-31 23:59:59.000000Z"}) {
    EXPECT_EQ(from_iso8601(text), std::nullopt) << text;
  }
}

TEST(Clock, python_leaves_out_a_fraction_of_zero) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(kTime);
  EXPECT_EQ(to_python_iso(whole), "2026-01-31T23:59:58");
  EXPECT_EQ(to_iso8601(whole), "2026-01-31T23:59:58.000000Z");
}

TEST(Clock, times_before_1970_are_right) {
  EXPECT_EQ(to_iso8601(TimePoint(-1us)), "1969-12-31T23:59:59.999999Z");
}

TEST(Clock, log_times_are_local_with_milliseconds) {
  const TimeZone zone("XYZ-5:30");
  EXPECT_EQ(to_log_time(kTime), "2026-02-01 05:29:58,123");
}

TEST(Clock, durations_read_as_people_say_them) {
  EXPECT_EQ(to_duration_text(0ns), "0.0 ms");
  EXPECT_EQ(to_duration_text(420us), "0.4 ms");
  EXPECT_EQ(to_duration_text(12ms), "12 ms");
  EXPECT_EQ(to_duration_text(999600us), "1.0 s");
  EXPECT_EQ(to_duration_text(3440ms), "3.4 s");
  EXPECT_EQ(to_duration_text(59960ms), "1 min 00 s");
  EXPECT_EQ(to_duration_text(125s), "2 min 05 s");
  EXPECT_EQ(to_duration_text(3599600ms), "1 h 00 min");
  EXPECT_EQ(to_duration_text(7500s), "2 h 05 min");
  EXPECT_EQ(to_duration_text(-1s), "0.0 ms");
}

TEST(Clock, query_durations_have_upstreams_form) {
  EXPECT_EQ(to_hms(3s), "00h:00m:03s");
  EXPECT_EQ(to_hms(3999ms), "00h:00m:03s");
  EXPECT_EQ(to_hms(100h + 2min + 1s), "100h:02m:01s");
}

TEST(Clock, unix_seconds_keep_the_fraction) {
  EXPECT_DOUBLE_EQ(to_unix_seconds(TimePoint(1500ms)), 1.5);
}

}  // namespace
}  // namespace vdk
