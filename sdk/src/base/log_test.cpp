#include "vdk/base/log.hpp"

#include <gtest/gtest.h>

namespace vdk {
namespace {

TEST(Log, a_known_secret_never_reaches_the_sink) {
  std::string seen;
  const LogSink former = set_log_sink([&](const LogRecord& record) { seen += record.message; });
  add_secret("hunter2-and-more");
  add_secret("hunter2");
  log(LogLevel::error, "vdk", "password hunter2, token hunter2-and-more, twice hunter2");
  set_log_sink(former);
  EXPECT_EQ(seen, "password ***, token ***, twice ***");
}

TEST(Log, records_below_the_level_are_dropped) {
  int records = 0;
  const LogSink former = set_log_sink([&](const LogRecord&) { ++records; });
  set_log_level(LogLevel::warning);
  log(LogLevel::info, "vdk", "quiet");
  log(LogLevel::warning, "vdk", "loud");
  set_log_level(LogLevel::info);
  set_log_sink(former);
  EXPECT_EQ(records, 1);
}

TEST(Log, levels_are_known_by_pythons_names_in_any_case) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("Warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("WARN"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("fatal"), LogLevel::critical);
  EXPECT_FALSE(parse_log_level(""));
  EXPECT_FALSE(parse_log_level("LOUD"));
}

}  // namespace
}  // namespace vdk
