#include "schedule/cron.hpp"

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

sys_seconds at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0,
               int second = 0) {
  return sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) +
         hours(hour) + minutes(minute) + seconds(second);
}

std::string text(std::optional<sys_seconds> time) { return time ? to_python_iso(*time) : "never"; }

std::vector<std::string> next_times(std::string_view expression, sys_seconds after,
                                    std::size_t count, std::string_view zone = "UTC") {
  const Cron cron = Cron::parse(expression, zone);
  std::vector<std::string> times;
  for (std::optional<sys_seconds> time = after; times.size() < count;) {
    time = cron.next(*time);
    times.push_back(text(time));
    if (!time) break;
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(Cron, answers_as_the_parser_of_kubernetes) {
  std::ifstream recorded(VDK_SOURCE_DIR "/service/tests/schedule/kubernetes.tsv");
  ASSERT_TRUE(recorded);
  std::size_t cases = 0;
  for (std::string line; std::getline(recorded, line);) {
    if (line.starts_with('#')) continue;
    const std::vector<std::string> cells = split(line, '\t');
    ASSERT_EQ(cells.size(), 4U) << line;
    const std::string expression = replace_all(replace_all(cells[0], "\\t", "\t"), "\\n", "\n");
    ++cases;
    std::string answer;
    try {
      const Cron cron = Cron::parse(expression, cells[1]);
      std::optional<sys_seconds> time = sys_seconds(seconds(std::stoll(cells[2])));
      for (int i = 0; i < 6; ++i) {
        time = cron.next(*time);
        answer += fmt::format("{}{}", i == 0 ? "" : " ", time->time_since_epoch().count());
      }
    } catch (const Error&) {
      answer = "error";
    }
    // What has no time is refused here.
    EXPECT_EQ(answer, cells[3] == "never" ? "error" : cells[3]) << line;
  }
  EXPECT_GT(cases, 600U);
}

TEST(Cron, a_field_before_the_five_is_for_seconds) {
  EXPECT_EQ(next_times("*/20 59 23 31 12 *", at(2026, 1, 1), 4),
            (Times{"2026-12-31T23:59:00", "2026-12-31T23:59:20", "2026-12-31T23:59:40",
                   "2027-12-31T23:59:00"}));
  EXPECT_TRUE(Cron::parse("0 0 0 * * *").has_seconds());
  EXPECT_FALSE(Cron::parse("0 0 * * *").has_seconds());
}

TEST(Cron, the_leap_day_is_found_across_a_century_without_one) {
  EXPECT_EQ(next_times("0 0 29 2 *", at(2096, 3, 1), 1), (Times{"2104-02-29T00:00:00"}));
}

TEST(Cron, the_local_time_of_a_zone_counts) {
  EXPECT_EQ(next_times("30 2 * * *", at(2026, 1, 1), 2, "Asia/Kolkata"),
            (Times{"2026-01-01T21:00:00", "2026-01-02T21:00:00"}));
}

TEST(Cron, a_local_time_that_is_left_out_is_passed_over) {
  // 8 March 2026 in New York: 01:59:59 EST is followed by 03:00:00 EDT.
  EXPECT_EQ(next_times("30 2 * * *", at(2026, 3, 7, 12), 1, "America/New_York"),
            (Times{"2026-03-09T06:30:00"}));
  EXPECT_EQ(next_times("0 3 * * *", at(2026, 3, 7, 12), 1, "America/New_York"),
            (Times{"2026-03-08T07:00:00"}));
}

TEST(Cron, a_local_time_that_comes_twice_is_met_twice) {
  // 1 November 2026 in New York: 01:59:59 EDT is followed by 01:00:00 EST.
  EXPECT_EQ(next_times("30 1 1 11 *", at(2026, 10, 30), 2, "America/New_York"),
            (Times{"2026-11-01T05:30:00", "2026-11-01T06:30:00"}));
}

TEST(Cron, times_after_a_change_of_half_an_hour_are_not_lost) {
  // 4 October 2026 on Lord Howe Island: 01:59:59 is followed by 02:30:00.
  EXPECT_EQ(next_times("15 3 * * *", at(2026, 10, 3, 12), 1, "Australia/Lord_Howe"),
            (Times{"2026-10-03T16:15:00"}));
}

TEST(Cron, latest_is_the_last_of_a_walk_with_next) {
  const std::vector<std::string_view> expressions{"* * * * * *", "*/7 3 * * *", "0 0 29 2 *",
                                                  "30 2 * * 0",  "0 0 1 1 *",   "@every 7m",
                                                  "@hourly",     "5 5 31 1 *",  "@every 400h"};
  for (const std::string_view zone : {"UTC", "Europe/Sofia"}) {
    for (const std::string_view expression : expressions) {
      const Cron cron = Cron::parse(expression, zone);
      const sys_seconds from = at(2026, 3, 29, 0, 59, 58);
      for (const seconds length : {0s, 1s, 61s, seconds(5h), seconds(30h), seconds(48h)}) {
        std::optional<sys_seconds> last;
        for (auto time = cron.next(from); time && *time <= from + length; time = cron.next(*time)) {
          last = time;
        }
        EXPECT_EQ(text(cron.latest(from, from + length)), text(last))
            << expression << ' ' << zone << ' ' << length.count();
      }
    }
  }
  EXPECT_EQ(text(Cron::parse("0 0 29 2 *").latest(at(1970, 1, 1), at(2026, 11, 21))),
            "2024-02-29T00:00:00");
}

struct Refusal {
  std::string_view expression;
  std::string_view why;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.expression; }

class CronRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(CronRefusal, names_the_field_and_the_place) {
  try {
    (void)Cron::parse(GetParam().expression);
    FAIL() << GetParam().expression;
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_EQ(error.text().why, GetParam().why);
    EXPECT_FALSE(error.text().countermeasure.empty());
    EXPECT_EQ(error.place()->text, GetParam().expression);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CronRefusal,
    testing::Values(
        Refusal{"", "At character 1, it is empty."},
        Refusal{"* * *", "At character 1, it has 3 fields, not five."},
        Refusal{"* * * * * * *", "At character 1, it has 7 fields, not five."},
        Refusal{"0 25 * * *", "At character 3, hour (field 2): 25 is above 23."},
        Refusal{"0 0 * * 1,7", "At character 11, day of week (field 5): 7 is above 6."},
        Refusal{"0 0 0 * *", "At character 5, day of month (field 3): 0 is below 1."},
        Refusal{"0 0 * FOO *", "At character 7, month (field 4): 'FOO' is no month."},
        Refusal{"0 0 * 5- *", "At character 9, month (field 4): a number is missing."},
        Refusal{"9-3 * * * *",
                "At character 1, minute (field 1): the range '9-3' ends before it "
                "begins."},
        Refusal{"*/0 * * * *", "At character 3, minute (field 1): a step of 0 leads nowhere."},
        Refusal{"1-2-3 * * * *",
                "At character 1, minute (field 1): '1-2-3' has more than one "
                "hyphen."},
        Refusal{"1/2/3 * * * *",
                "At character 1, minute (field 1): '1/2/3' has more than one "
                "slash."},
        Refusal{"0 * , * *", "At character 5, day of month (field 3): it names no value."},
        Refusal{"99999999999 * * * *",
                "At character 1, minute (field 1): '99999999999' is too "
                "large."},
        Refusal{"61 0 0 * * *", "At character 1, second (field 1): 61 is above 59."},
        Refusal{"0 0 24 * * *", "At character 5, hour (field 3): 24 is above 23."},
        Refusal{"0 0 31 2 *",
                "At character 5, day of month (field 3): no month that it names has "
                "a day 31."},
        Refusal{"0 0 31 APR,6,9,11 ?",
                "At character 5, day of month (field 3): no month that it "
                "names has a day 31."},
        Refusal{"0 0 0 30 2 *",
                "At character 7, day of month (field 4): no month that it names "
                "has a day 30."},
        Refusal{"@Daily", "At character 1, it is no macro."},
        Refusal{"@reboot", "At character 1, it is no macro."},
        Refusal{"@every 1d", "At character 8, '1d' is no duration."},
        Refusal{"@every -1h", "At character 8, the duration has to be greater than zero."},
        Refusal{"TZ=UTC * * * * *",
                "At character 1, a time zone does not belong into the "
                "expression."},
        Refusal{"CRON_TZ=UTC",
                "At character 1, a time zone does not belong into the "
                "expression."}));

TEST(Cron, a_refusal_shows_no_more_than_the_beginning_of_a_long_expression) {
  try {
    (void)Cron::parse(std::string(100000, '\n') + "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(error.text().what.size(), 200U);
    EXPECT_FALSE(error.text().what.contains('\n'));
  }
}

}  // namespace
}  // namespace vdk::service
