#include "vdk/connection/sql_text.hpp"

#include <gtest/gtest.h>

namespace vdk {
namespace {

TEST(SqlText, code_begins_behind_blanks_comments_and_semicolons) {
  EXPECT_EQ(next_code(" ; -- a\n /* b; */ select", 0), 18U);
  EXPECT_EQ(next_code("select 1 -- the end", 8), 19U);
  EXPECT_EQ(next_code("/* a /* b */ c */ x", 0, SqlDialect::postgres), 18U);
  EXPECT_EQ(next_code("/* a /* b */ c */ x", 0, SqlDialect::sqlite), 13U);
  EXPECT_EQ(next_code("/* without an end", 0), 17U);
}

TEST(SqlText, an_excerpt_is_the_line_with_a_mark_under_the_place) {
  EXPECT_EQ(excerpt_at("select 1\nfrom\tänd x\nwhere", 9 + 5 + 5), "from\tänd x\n    \t    ^");
  EXPECT_EQ(excerpt_at("select", 6), "select\n      ^");
  EXPECT_EQ(excerpt_at("", 7), "\n^");
}

TEST(SqlText, an_excerpt_of_a_long_line_cuts_no_character) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "ä";
  const std::string shown = excerpt_at("x" + text, 201);
  EXPECT_EQ(shown.substr(0, 2), "ä");
  EXPECT_EQ(shown.substr(shown.find('\n') - 2, 2), "ä");
}

TEST(SqlText, a_long_text_is_shown_by_its_beginning) {
  EXPECT_EQ(beginning_of("select 1"), "select 1");
  EXPECT_EQ(beginning_of(std::string(299, 'x') + "ää"), std::string(299, 'x') + "…");
}

}  // namespace
}  // namespace vdk
