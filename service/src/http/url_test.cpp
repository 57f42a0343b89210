#include "http/url.hpp"

#include <gtest/gtest.h>

namespace vdk::service::http {
namespace {

TEST(ParseTarget, decodes_segments_and_query) {
  const auto url = parse_target("/data-jobs/t%C3%A9am/a%20b/?x=1+2&y=%26&z");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->segments, (std::vector<std::string>{"data-jobs",
                                                     "t\xC3\xA9"
                                                     "am",
                                                     "a b"}));
  ASSERT_EQ(url->query.size(), 3U);
  EXPECT_EQ(url->query[0].second, "1 2");
  EXPECT_EQ(url->query[1].second, "&");
  EXPECT_EQ(url->query[2].second, "");
}

TEST(ParseTarget, refuses_what_could_mean_another_path) {
  for (const auto* target : {"/a/../b", "/a/%2e%2e/b", "/a//b", "/a%2Fb", "/a%zz", "/a%0", "/a;b",
                             "/a%00b", "/./a", "a", "", "/%ff", "/a\\b", "/a?x=%zz"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(EncodePercent, is_undone_by_decoding) {
  const std::string text = "a b/\xC3\xA9?&=+%~";
  EXPECT_EQ(encode_percent(text), "a%20b%2F%C3%A9%3F%26%3D%2B%25~");
  EXPECT_EQ(decode_percent(encode_percent(text)), text);
}

}  // namespace
}  // namespace vdk::service::http
