#include "ini_text.hpp"

#include <gtest/gtest.h>

namespace vdk::control {
namespace {

TEST(IniText, reads_what_configparser_does) {
  const IniText ini = IniText::parse(
      "; comment\n[job]\nSchedule_Cron = 0 0 * * *\npython_version: 3.11\n\n[contacts]\n"
      "notified_on_job_success = a@b.c;\n    d@e.f\n# end\n[empty]\n");
  EXPECT_EQ(ini.get("job", "schedule_cron"), "0 0 * * *");
  EXPECT_EQ(ini.get("job", "python_version"), "3.11");
  EXPECT_EQ(ini.get("contacts", "notified_on_job_success"), "a@b.c;\nd@e.f");
  EXPECT_FALSE(ini.get("job", "team"));
  EXPECT_FALSE(ini.get("owner", "team"));
}

TEST(IniText, what_is_set_is_read_again) {
  IniText ini = IniText::parse("[defaults]\nteam-name = one\n[other]\nkey = value\n");
  ini.set("defaults", "team-name", "two");
  ini.set("defaults", "rest-api-url", "http://localhost:8092");
  const IniText again = IniText::parse(ini.text());
  EXPECT_EQ(again.get("defaults", "team-name"), "two");
  EXPECT_EQ(again.get("defaults", "rest-api-url"), "http://localhost:8092");
  EXPECT_EQ(again.get("other", "key"), "value");
  ini.set("defaults", "team-name", std::nullopt);
  EXPECT_FALSE(IniText::parse(ini.text()).get("defaults", "team-name"));
}

}  // namespace
}  // namespace vdk::control
