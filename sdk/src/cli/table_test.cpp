#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace vdk {
namespace {

TEST(Table, numbers_are_right_aligned_and_columns_fit_their_widest_cell) {
  EXPECT_EQ(simple_table({"name", "n"}, {{"a", 1}, {"long name", 1234}, {Value(), Value()}}),
            "name          n\n"
            "---------  ----\n"
            "a             1\n"
            "long name  1234\n"
            "\n");
}

TEST(Table, wide_characters_count_as_two_columns) {
  EXPECT_EQ(simple_table({"x", "y"}, {{"日本", "a"}, {"é", "b"}}),
            "x     y\n"
            "----  ---\n"
            "日本  a\n"
            "é     b\n");
}

TEST(Csv, cells_are_quoted_only_where_needed) {
  EXPECT_EQ(csv_line({"plain", "with, comma", "say \"hi\"", "two\nlines", Value(), 1.5}),
            "plain,\"with, comma\",\"say \"\"hi\"\"\",\"two\nlines\",,1.5\n");
}

}  // namespace
}  // namespace vdk
