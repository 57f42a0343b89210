#include "base/text.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

using Strings = std::vector<std::string>;

TEST(Text, lower_and_upper_leave_other_than_ascii_alone) {
  EXPECT_EQ(lower("DB_Default Ä"), "db_default Ä");
  EXPECT_EQ(upper("db_default ä"), "DB_DEFAULT ä");
}

TEST(Text, trim_takes_blanks_and_line_ends_off_both_ends) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, split_keeps_empty_parts) {
  EXPECT_EQ(split("a,,b,", ','), (Strings{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), Strings{""});
}

TEST(Text, split_list_trims_and_drops_empty_parts) {
  EXPECT_EQ(split_list(" a, b ,,\n c,"), (Strings{"a", "b", "c"}));
  EXPECT_EQ(split_list(" , "), Strings{});
}

TEST(Text, first_line_is_all_before_the_first_line_end) {
  EXPECT_EQ(first_line("a\nb\n"), "a");
  EXPECT_EQ(first_line("a"), "a");
  EXPECT_EQ(first_line(""), "");
}

TEST(Text, plural_goes_with_every_number_but_one) {
  EXPECT_EQ(plural(0, "row", "rows"), "rows");
  EXPECT_EQ(plural(1U, "row", "rows"), "row");
  EXPECT_EQ(plural(2, "row", "rows"), "rows");
}

TEST(Text, join_is_the_reverse_of_split) {
  EXPECT_EQ(join(Strings{"a", "", "b"}, ", "), "a, , b");
  EXPECT_EQ(join(Strings{}, ", "), "");
}

TEST(Text, replace_all_does_not_look_at_what_it_inserted) {
  EXPECT_EQ(replace_all("aXbX", "X", "XX"), "aXXbXX");
  EXPECT_EQ(replace_all("abc", "", "-"), "abc");
}

TEST(Text, dedent_removes_the_common_margin_as_python_does) {
  EXPECT_EQ(dedent("  a\n    b\n  c\n"), "a\n  b\nc\n");
  EXPECT_EQ(dedent("\ta\n  b"), "\ta\n  b");
  EXPECT_EQ(dedent("  \ta\n  b"), "\ta\nb");
  EXPECT_EQ(dedent("  a\n   \t \n  b\n "), "a\n\nb\n");
  EXPECT_EQ(dedent("a\n  b"), "a\n  b");
  EXPECT_EQ(dedent(""), "");
}

TEST(Text, nearest_name_finds_slips_of_the_finger) {
  const Strings names{"db_default_type", "ingest_method_default", "log_config"};
  EXPECT_EQ(nearest_name("db_defualt_type", names), "db_default_type");
  EXPECT_EQ(nearest_name("DB_DEFAULT_TYPE", names), "db_default_type");
  EXPECT_EQ(nearest_name("logconfig", names), "log_config");
  EXPECT_EQ(nearest_name("ingest_default_method", names), std::nullopt);
  EXPECT_EQ(nearest_name("colour", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", Strings{}), std::nullopt);
}

TEST(Text, nearest_name_counts_two_swapped_letters_as_one_edit) {
  EXPECT_EQ(nearest_name("fiel", Strings{"file"}), "file");
  EXPECT_EQ(nearest_name("elif", Strings{"file"}), std::nullopt);
}

TEST(Text, nearest_name_prefers_the_nearer_then_the_first) {
  EXPECT_EQ(nearest_name("table_3", Strings{"tables_44", "table_1", "table_2"}), "table_1");
}

TEST(Text, find_invalid_utf8_names_the_first_bad_byte) {
  EXPECT_EQ(find_invalid_utf8("plain text that is longer than eight bytes"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("zażółć 漢字 \xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("12345678\xFF"), 8U);
  EXPECT_EQ(find_invalid_utf8("caf\xE9 latin-1"), 3U);
  EXPECT_EQ(find_invalid_utf8("\xC0\xAF"), 0U);          // overlong
  EXPECT_EQ(find_invalid_utf8("a\xE0\x80\xAF"), 1U);     // overlong
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0U);      // surrogate
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
  EXPECT_EQ(find_invalid_utf8("ab\xE6\xBC"), 2U);        // cut off
}

TEST(Text, display_width_counts_columns_and_not_bytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("zażółć"), 6U);
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);         // e and a combining accent
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2U);  // a face
  EXPECT_EQ(display_width("█▏"), 2U);                // bars of reports
  EXPECT_EQ(display_width("a\xFF"), 2U);
  EXPECT_EQ(display_width("a\xE6\xBC"), 3U);
}

}  // namespace
}  // namespace vdk
