#include "vdk/base/value.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

TEST(Json, integers_of_any_size_stay_exact) {
  for (const char* text :
       {"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551616", "-123456789012345678901234567890"}) {
    EXPECT_EQ(to_json(parse_json(text)), text);
    EXPECT_EQ(to_python_text(parse_json(text)), text);
  }
}

TEST(Json, objects_keep_their_order_and_a_repeated_key_its_last_value) {
  EXPECT_EQ(to_json(parse_json(R"({"b": 1, "a": 2, "b": 3})")), R"({"b": 3, "a": 2})");
}

TEST(Json, errors_name_line_and_column) {
  try {
    (void)parse_json("{\"a\": 1,\n \"b\": oops}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_NE(error.text().what.find("line 2"), std::string::npos) << error.what();
  }
}

TEST(Json, unfinished_or_trailing_text_is_an_error) {
  for (const char* text : {"", "{", "[1", "\"abc", "1 2", "{} x", "nul", "[1,]"}) {
    EXPECT_THROW((void)parse_json(text), Error) << text;
  }
}

TEST(Json, what_python_takes_is_taken) {
  EXPECT_EQ(to_json(parse_json("[NaN, Infinity, -Infinity, -0.0, 1E5]")),
            "[NaN, Infinity, -Infinity, -0.0, 100000.0]");
  EXPECT_EQ(*parse_json(R"("\ud83d")").if_string(), "\xED\xA0\xBD");
  EXPECT_EQ(*parse_json(R"("\ud83d\ude00 \/ \u00e9")").if_string(), "😀 / é");
  EXPECT_EQ(to_json(parse_json(R"("\ud83d!")")), R"("\ud83d!")");
  EXPECT_EQ(to_ascii_json(parse_json(R"("\ud83d!")")), R"("\ud83d!")");
}

TEST(Json, what_python_refuses_is_refused) {
  for (const char* text :
       {"01", "-", "1.", ".5", "+1", "1e", "'a'", "{a: 1}", "[1 2]", "\"a\tb\"", R"("\x")",
        R"("\u12")", "{\"a\" 1}", "tru", "[,]", "{,}", "nan", "\"caf\xE9\""}) {
    EXPECT_THROW((void)parse_json(text), Error) << text;
  }
}

TEST(Json, nesting_has_a_limit) { EXPECT_THROW((void)parse_json(std::string(100000, '[')), Error); }

TEST(Json, writing_what_was_read_gives_the_same_value) {
  const char* text =
      R"({"text": "tab\t \"quote\" \u0001 é 😀", "list": [1, -2.5, true, null, [], {}], "n": {"m": 1e+16}})";
  const Value value = parse_json(text);
  EXPECT_EQ(parse_json(to_json(value)), value);
  EXPECT_EQ(parse_json(to_json(value, 2)), value);
}

TEST(Json, ascii_text_escapes_what_is_beyond_as_pairs_of_surrogates) {
  EXPECT_EQ(to_ascii_json(Value("ž 日 😀")), R"("\u017e \u65e5 \ud83d\ude00")");
}

struct PythonTextCase {
  const char* json;
  const char* text;
};

class PythonText : public testing::TestWithParam<PythonTextCase> {};
TEST_P(PythonText, is_what_str_gives) {
  EXPECT_EQ(to_python_text(parse_json(GetParam().json)), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    Values, PythonText,
    testing::Values(PythonTextCase{"null", "None"}, PythonTextCase{"true", "True"},
                    PythonTextCase{"1.0", "1.0"}, PythonTextCase{"1e16", "1e+16"},
                    PythonTextCase{"1e15", "1000000000000000.0"}, PythonTextCase{"1e-5", "1e-05"},
                    PythonTextCase{"0.0001", "0.0001"}, PythonTextCase{"123456.789", "123456.789"},
                    PythonTextCase{"-0.0", "-0.0"}, PythonTextCase{"1e400", "inf"},
                    PythonTextCase{R"("it's")", "it's"},
                    PythonTextCase{R"(["it's"])", R"(["it's"])"},
                    PythonTextCase{R"(["a\nb", "q\"'"])", R"(['a\nb', 'q"\''])"},
                    PythonTextCase{R"({"a": [1, "b", null]})", "{'a': [1, 'b', None]}"},
                    PythonTextCase{R"(["é"])", "['é']"}));

TEST(Value, set_replaces_in_place_and_erase_removes) {
  Value value;
  value.set("a", 1);
  value.set("b", 2);
  value.set("a", 3);
  EXPECT_EQ(to_json(value), R"({"a": 3, "b": 2})");
  EXPECT_TRUE(value.erase("a"));
  EXPECT_FALSE(value.erase("a"));
  EXPECT_EQ(value.find("a"), nullptr);
}

}  // namespace
}  // namespace vdk
