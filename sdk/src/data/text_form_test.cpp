#include "vdk/data/text_form.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

template <class... Arguments>
std::string text_of(void (*append)(std::string&, Arguments...), Arguments... arguments) {
  std::string out;
  append(out, arguments...);
  return out;
}

TEST(TextForm, numbers_and_booleans_read_as_python_prints_them) {
  EXPECT_EQ(text_of(append_boolean_text, true), "True");
  EXPECT_EQ(text_of(append_boolean_text, false), "False");
  EXPECT_EQ(text_of(append_integer_text, std::numeric_limits<std::int64_t>::min()),
            "-9223372036854775808");
  EXPECT_EQ(text_of(append_integer_text, std::int64_t{0}), "0");
  const std::vector<std::pair<double, std::string>> reals = {
      {0.1, "0.1"},
      {1.0, "1.0"},
      {-0.0, "-0.0"},
      {1e16, "1e+16"},
      {1e15, "1000000000000000.0"},
      {123456.789, "123456.789"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {std::numeric_limits<double>::infinity(), "inf"},
      {-std::numeric_limits<double>::infinity(), "-inf"},
      {std::numeric_limits<double>::quiet_NaN(), "nan"}};
  for (const auto& [value, expected] : reals) EXPECT_EQ(text_of(append_real_text, value), expected);
}

TEST(TextForm, a_decimal_of_no_number_reads_as_python_decimal_has_it) {
  EXPECT_EQ(text_of(append_decimal_text, 1.5), "1.5");
  EXPECT_EQ(text_of(append_decimal_text, std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(text_of(append_decimal_text, -std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(TextForm, bytes_read_as_python_prints_them) {
  const auto bytes_text = [](std::string_view bytes) {
    std::string out;
    append_bytes_text(out, bytes);
    return out;
  };
  EXPECT_EQ(bytes_text("ab"), "b'ab'");
  EXPECT_EQ(bytes_text(""), "b''");
  EXPECT_EQ(bytes_text(std::string_view("\0\x7f\xff\t\n\r\\", 7)), R"(b'\x00\x7f\xff\t\n\r\\')");
  EXPECT_EQ(bytes_text("it's"), R"(b"it's")");
  EXPECT_EQ(bytes_text("'\""), R"(b'\'"')");
}

TEST(TextForm, dates_are_iso_in_every_century) {
  EXPECT_EQ(text_of(append_date_text, std::int64_t{0}), "1970-01-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{-1}), "1969-12-31");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{11016}), "2000-02-29");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{11017}), "2000-03-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{47540}), "2100-02-28");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{47541}), "2100-03-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{-719162}), "0001-01-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{2932896}), "9999-12-31");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{2932897}), "+10000-01-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{-719528}), "0000-01-01");
  EXPECT_EQ(text_of(append_date_text, std::int64_t{-719529}), "-0001-12-31");
}

TEST(TextForm, timestamps_leave_out_a_fraction_of_nothing) {
  const auto timestamp_text = [](std::int64_t microseconds, DateTimeStyle style) {
    std::string out;
    append_timestamp_text(out, microseconds, style);
    return out;
  };
  EXPECT_EQ(timestamp_text(0, DateTimeStyle::letter), "1970-01-01T00:00:00");
  EXPECT_EQ(timestamp_text(1, DateTimeStyle::blank), "1970-01-01 00:00:00.000001");
  EXPECT_EQ(timestamp_text(-1, DateTimeStyle::letter), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(timestamp_text(1'700'000'000'120'000, DateTimeStyle::letter),
            "2023-11-14T22:13:20.120000");
  std::string zoned;
  append_timestamp_utc_text(zoned, 0);
  EXPECT_EQ(zoned, "1970-01-01T00:00:00+00:00");
}

TEST(TextForm, a_null_cell_has_no_text) {
  Column column{{"a", ColumnType::integer}, {0b10}, {}, std::vector<std::uint8_t>(16)};
  std::string out;
  append_cell_text(out, column, 0);
  EXPECT_EQ(out, "");
  append_cell_text(out, column, 1);
  EXPECT_EQ(out, "0");
}

}  // namespace
}  // namespace vdk
