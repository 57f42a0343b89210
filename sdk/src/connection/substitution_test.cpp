#include "connection/substitution.hpp"

#include <cmath>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

Parameter parameter(std::string key, Value value) {
  std::string text = to_python_text(value);
  return {std::move(key), std::move(text), std::move(value)};
}

std::string literal(Value value, LiteralStyle style = LiteralStyle::standard) {
  const std::vector<Parameter> parameters{parameter("key", std::move(value))};
  std::string text = substitute("{key!sql}", parameters, style);
  text.pop_back();
  return text;
}

TEST(Substitution, replaces_known_keys_and_leaves_unknown_ones) {
  const std::vector<Parameter> parameters{parameter("table", "t1"), parameter("n", 5)};
  EXPECT_EQ(substitute("select {n} from {table} where {x} = {N}", parameters),
            "select 5 from t1 where {x} = {N}\n");
}

TEST(Substitution, dedents_and_ends_with_one_line_end) {
  EXPECT_EQ(substitute("\n\n    select 1\n      from t\n\n\n", {}), "select 1\n  from t\n");
  EXPECT_EQ(substitute("\n\n", {}), "\n");
  EXPECT_EQ(substitute("", {}), "\n");
}

TEST(Substitution, inserts_what_python_prints) {
  const std::vector<Parameter> parameters{parameter("none", nullptr), parameter("yes", true),
                                          parameter("list", Value::List{1, "a"})};
  EXPECT_EQ(substitute("{none} {yes} {list}", parameters), "None True [1, 'a']\n");
}

TEST(Substitution, text_that_came_in_early_is_seen_by_later_keys) {
  const std::vector<Parameter> parameters{parameter("a", "{b}"), parameter("b", "{a}")};
  EXPECT_EQ(substitute("{a} {b}", parameters), "{a} {a}\n");
}

TEST(Substitution, double_braces_keep_the_outer_pair) {
  const std::vector<Parameter> parameters{parameter("key", "v")};
  EXPECT_EQ(substitute("{{key}} {{{key}}}", parameters), "{v} {{v}}\n");
}

TEST(QuotingForm, quotes_by_type) {
  EXPECT_EQ(literal("it's"), "'it''s'");
  EXPECT_EQ(literal(""), "''");
  EXPECT_EQ(literal(42), "42");
  EXPECT_EQ(literal(nullptr), "NULL");
  EXPECT_EQ(literal(true), "TRUE");
  EXPECT_EQ(literal(1.5), "1.5");
  EXPECT_EQ(literal(Value::BigInteger{"18446744073709551616"}), "18446744073709551616");
  EXPECT_EQ(literal(Value::List{1, "a'b", nullptr}), "1, 'a''b', NULL");
  EXPECT_EQ(literal(Value::Map{{"a", "it's"}}), R"('{"a": "it''s"}')");
}

TEST(QuotingForm, parenthesises_negative_numbers_so_that_a_minus_before_them_begins_no_comment) {
  const std::vector<Parameter> parameters{parameter("key", -1), parameter("real", -0.5)};
  EXPECT_EQ(substitute("select 2-{key!sql}-{real!sql}", parameters), "select 2-(-1)-(-0.5)\n");
}

TEST(QuotingForm, quotes_the_text_of_a_parameter_without_a_value) {
  const std::vector<Parameter> parameters{{"day", "2026-01-31", {}}};
  EXPECT_EQ(substitute("{day!sql}", parameters), "'2026-01-31'\n");
}

TEST(QuotingForm, is_never_searched_for_placeholders) {
  const std::vector<Parameter> parameters{parameter("a", "{b} {b!sql}"), parameter("b", "'; drop")};
  EXPECT_EQ(substitute("select {a!sql}, {b!sql}", parameters),
            "select '{b} {b!sql}', '''; drop'\n");
}

TEST(QuotingForm, stays_as_it_is_in_text_that_came_from_a_plain_parameter) {
  const std::vector<Parameter> parameters{parameter("a", "{b!sql}"), parameter("b", 1)};
  EXPECT_EQ(substitute("{a} {b!sql}", parameters), "{b!sql} 1\n");
}

TEST(QuotingForm, works_inside_struct_and_list_literals) {
  const std::vector<Parameter> parameters{parameter("v", "x"), parameter("name", 1)};
  EXPECT_EQ(
      substitute("select {'a': {v!sql}}, [{v!sql}], {name: {name!sql}}, f({v!sql})", parameters),
      "select {'a': 'x'}, ['x'], {name: 1}, f('x')\n");
}

TEST(QuotingForm, a_key_of_that_spelling_wins) {
  const std::vector<Parameter> parameters{parameter("k", "a"), parameter("k!sql", "b")};
  EXPECT_EQ(substitute("{k!sql}", parameters), "b\n");
}

TEST(QuotingForm, follows_the_engines_reading_of_backslashes) {
  EXPECT_EQ(literal("a\\'", LiteralStyle::standard), "'a\\'''");
  EXPECT_EQ(literal("a\\'", LiteralStyle::backslash), "'a\\\\\\''");
  EXPECT_EQ(literal("a'", LiteralStyle::unknown), "'a'''");
  EXPECT_THROW((void)literal("a\\", LiteralStyle::unknown), Error);
}

TEST(QuotingForm, refuses_values_without_a_safe_literal_and_does_not_print_them) {
  EXPECT_THROW((void)literal(Value::List{}), Error);
  EXPECT_THROW((void)literal(std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_THROW((void)literal(std::numeric_limits<double>::infinity()), Error);
  try {
    (void)literal(std::string("secret\0text", 11));
    FAIL() << "a NUL byte was let through";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_NE(std::string(error.what()).find("'key'"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

// What upstream does, and nothing more.
std::string plain_replacement(std::string text, const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    text = replace_all(text, "{" + parameter.key + "}", parameter.text);
  }
  return text;
}

TEST(QuotingForm, changes_nothing_in_statements_that_mean_something_to_an_engine) {
  const std::vector<Parameter> parameters{
      parameter("key", "V1"), parameter("name", 7),   parameter("value", nullptr),
      parameter("d", "x"),    parameter("t", "x"),    parameter("ts", "x"),
      parameter("fn", "x"),   parameter("oj", "x"),   parameter("call", "x"),
      parameter("", "x"),     parameter("guid", "x"), parameter("escape", "x")};
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(VDK_SOURCE_DIR "/tests/corpus/sql")) {
    if (entry.path().extension() != ".sql") {
      continue;
    }
    ++files;
    const std::string text = read_file(entry.path());
    EXPECT_EQ(substitute(text, parameters), plain_replacement(text, parameters)) << entry.path();
  }
  EXPECT_GE(files, 4);
}

}  // namespace
}  // namespace vdk
