#include "vdk/connection/sql_name.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

std::vector<std::string> parts(std::string_view text, SqlDialect dialect = SqlDialect::postgres) {
  std::vector<std::string> texts;
  for (const SqlName& part : parse_name(text, 3, dialect)) {
    texts.push_back(part.quoted ? "[" + part.text + "]" : part.text);
  }
  return texts;
}

using Parts = std::vector<std::string>;

TEST(SqlName, dots_part_plain_and_quoted_names) {
  EXPECT_EQ(parts("orders"), Parts{"orders"});
  EXPECT_EQ(parts("sales.Orders"), (Parts{"sales", "Orders"}));
  EXPECT_EQ(parts("a.\"b.\"\"c\".d$1"), (Parts{"a", "[b.\"c]", "d$1"}));
  EXPECT_EQ(parts("größe.tabelle"), (Parts{"größe", "tabelle"}));
}

TEST(SqlName, what_is_no_name_has_no_parts) {
  for (const std::string_view text : {"", ".", "a.", ".a", "a..b", "1a", "a b", "a-b", "\"\"",
                                      "\"a", "\"a\"b", "a.b.c.d", "`a`"}) {
    EXPECT_EQ(parts(text), Parts{}) << text;
  }
}

TEST(SqlName, sqlite_has_more_quotes) {
  EXPECT_EQ(parts("[a b].`c``d`", SqlDialect::sqlite), (Parts{"[a b]", "[c`d]"}));
  EXPECT_EQ(parts("[a]]", SqlDialect::sqlite), Parts{});
}

TEST(SqlName, only_ascii_is_folded) {
  EXPECT_EQ(lower_name("ÄBC_Z9"), "Äbc_z9");
  EXPECT_TRUE(is_plain_name("_a$9"));
  EXPECT_FALSE(is_plain_name("$a"));
  EXPECT_FALSE(is_plain_name(""));
}

}  // namespace
}  // namespace vdk
