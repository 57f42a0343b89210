#include "base/ids.hpp"

#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace vdk {
namespace {

constexpr const char* kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

TEST(Ids, uuids_have_version_4_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = make_uuid4();
    EXPECT_TRUE(std::regex_match(uuid, std::regex(kUuid))) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(Ids, nothing_given_makes_three_related_ids) {
  const RunIds ids = make_run_ids("", "", "");
  const std::regex attempt(std::string(kUuid) + "-[0-9]{10}-[0-9a-f]{5}");
  EXPECT_TRUE(std::regex_match(ids.attempt_id, attempt)) << ids.attempt_id;
  EXPECT_EQ(ids.execution_id, ids.attempt_id.substr(0, ids.attempt_id.size() - 6));
  EXPECT_EQ(ids.op_id, ids.execution_id);
}

TEST(Ids, a_given_execution_is_the_prefix_of_the_attempt) {
  const RunIds ids = make_run_ids("", "exec", "");
  EXPECT_EQ(ids.execution_id, "exec");
  EXPECT_TRUE(std::regex_match(ids.attempt_id, std::regex("exec-[0-9a-f]{5}"))) << ids.attempt_id;
  EXPECT_EQ(ids.op_id, "exec");
}

TEST(Ids, a_given_attempt_names_its_execution) {
  const RunIds ids = make_run_ids("", "", "pod-17-abcde");
  EXPECT_EQ(ids.attempt_id, "pod-17-abcde");
  EXPECT_EQ(ids.execution_id, "pod-17");
  EXPECT_EQ(ids.op_id, "pod-17");
}

TEST(Ids, an_attempt_without_a_dash_still_gives_an_execution_id) {
  EXPECT_EQ(make_run_ids("", "", "attempt").execution_id, "attempt");
  EXPECT_EQ(make_run_ids("", "", "-attempt").execution_id, "-attempt");
}

TEST(Ids, what_is_given_stays) {
  const RunIds ids = make_run_ids("op", "execution", "attempt-1");
  EXPECT_EQ(ids.op_id, "op");
  EXPECT_EQ(ids.execution_id, "execution");
  EXPECT_EQ(ids.attempt_id, "attempt-1");
}

}  // namespace
}  // namespace vdk
