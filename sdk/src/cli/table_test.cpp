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

std::string tabulate(const std::vector<std::string>& headers,
                     const std::vector<std::vector<Value>>& rows) {
  Table table(headers, TableStyle::tabulate);
  for (const auto& row : rows) table.add(row);
  std::string text;
  table.write([&](std::string_view line) { text += line; });
  return text;
}

TEST(Table, cells_of_several_lines_stand_beside_each_other) {
  EXPECT_EQ(simple_table({"a", "b"}, {{"one\ntwo", 1}, {"x", 2}}),
            "a      b\n"
            "---  ---\n"
            "one    1\n"
            "two\n"
            "x      2\n");
}

TEST(Table, nothing_is_printed_of_nothing) { EXPECT_EQ(tabulate({}, {}), ""); }

TEST(Table, without_headers_rules_stand_above_and_below) {
  EXPECT_EQ(tabulate({}, {{1, "a"}}), "-  -\n1  a\n-  -\n");
}

// What tabulate 0.10 prints; tests/compat compares with the program that calls it.
TEST(Table, tabulate_reads_texts_as_numbers) {
  EXPECT_EQ(tabulate({"text", "x"}, {{"1.50", "a"}, {"007", "b"}, {"1e5", Value()}}),
            "    text  x\n"
            "--------  ---\n"
            "     1.5  a\n"
            "     7    b\n"
            "100000\n");
  EXPECT_EQ(tabulate({"n"}, {{"007"}, {"1,000"}, {12}}), "    n\n-----\n  007\n1,000\n   12\n");
}

TEST(Table, tabulate_aligns_reals_at_their_points_with_six_digits) {
  EXPECT_EQ(tabulate({"x"}, {{1.5}, {10.25}, {3.14159265}, {2}, {Value()}}),
            "       x\n"
            "--------\n"
            " 1.5\n"
            "10.25\n"
            " 3.14159\n"
            " 2\n"
            "\n");
}

TEST(Table, tabulate_takes_the_blanks_around_texts_away) {
  EXPECT_EQ(tabulate({"x", "y"}, {{"  a ", 1}, {true, 2}}),
            "x       y\n----  ---\na       1\nTrue    2\n");
}

TEST(Csv, cells_are_quoted_only_where_needed) {
  EXPECT_EQ(csv_line({"plain", "with, comma", "say \"hi\"", "two\nlines", Value(), 1.5}),
            "plain,\"with, comma\",\"say \"\"hi\"\"\",\"two\nlines\",,1.5\n");
}

}  // namespace
}  // namespace vdk
