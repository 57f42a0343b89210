#include "vdk/config/configuration.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "config/convert.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

const Origin kIni{OriginKind::config_ini, "config.ini:3"};
const Origin kPlugin{OriginKind::plugin, "vdk-demo"};
const Origin kEnvironment{OriginKind::environment, "VDK_KEY"};
const Origin kCommandLine{OriginKind::command_line, "-c"};
const Origin kSecret{OriginKind::secret, "key"};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "'" << part << "' is not in: " << text;
}

TEST(Configuration, unknown_keys_and_sections_are_null) {
  const Configuration configuration = ConfigurationBuilder().add({.key = "known"}).build();
  EXPECT_TRUE(configuration.get("unknown").is_null());
  EXPECT_TRUE(configuration.get("known", "nowhere").is_null());
  EXPECT_EQ(configuration.get_string("unknown"), "");
  EXPECT_EQ(configuration.get_integer("unknown"), 0);
  EXPECT_FALSE(configuration.get_bool("unknown"));
  EXPECT_FALSE(configuration.is_default("unknown"));
  EXPECT_EQ(configuration.option("unknown"), nullptr);
  EXPECT_TRUE(configuration.history("unknown").empty());
  EXPECT_EQ(configuration.description("unknown"), "");
}

TEST(Configuration, keys_and_sections_do_not_know_case) {
  ConfigurationBuilder builder;
  builder.add({.key = "DB_Default_Type", .default_value = "sqlite"});
  builder.set("Host", "h", kIni, "Second_DB");
  EXPECT_EQ(builder.current().get_string("db_default_TYPE"), "sqlite");
  EXPECT_EQ(builder.current().get_string("HOST", "second_db"), "h");
  EXPECT_EQ(builder.current().get_string("host", "SECOND_DB"), "h");
  EXPECT_EQ(builder.current().get_string("db_default_type", "VDK"), "sqlite");
}

TEST(Configuration, an_empty_section_name_is_the_main_section) {
  ConfigurationBuilder builder;
  builder.set("a", "1", kIni, "");
  EXPECT_EQ(builder.current().get_string("a"), "1");
  EXPECT_EQ(builder.current().get_string("a", ""), "1");
}

TEST(Configuration, a_section_prefix_of_the_key_is_optional) {
  ConfigurationBuilder builder;
  builder.set("host", "h", kIni, "second_db");
  builder.set("second_db_port", "5", kIni, "second_db");
  const Configuration& configuration = builder.current();
  EXPECT_EQ(configuration.get_string("second_db_host", "second_db"), "h");
  EXPECT_EQ(configuration.get_string("host", "second_db"), "h");
  EXPECT_EQ(configuration.get_string("second_db_port", "second_db"), "5")
      << "begins with the section's name";
  EXPECT_TRUE(configuration.get("second_db_", "second_db").is_null());
  EXPECT_TRUE(configuration.get("second_db_second_db_host", "second_db").is_null());
}

TEST(Configuration, the_main_section_comes_first_and_always_exists) {
  EXPECT_EQ(ConfigurationBuilder().build().sections(), std::vector<std::string>{"vdk"});
  ConfigurationBuilder builder;
  builder.set("k", "v", kIni, "beta").set("k", "v", kIni, "alpha").set("k", "v", kIni);
  EXPECT_EQ(builder.current().sections(), (std::vector<std::string>{"vdk", "alpha", "beta"}));
}

TEST(Configuration, keys_are_sorted) {
  ConfigurationBuilder builder;
  builder.add({.key = "b"}).add({.key = "c"}).set("a", "1", kIni);
  EXPECT_EQ(builder.current().keys(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(builder.current().keys("nowhere").empty());
}

TEST(Configuration, sources_win_by_kind_in_whatever_order_they_come) {
  const std::vector<Origin> origins{kIni, kPlugin, kEnvironment, kCommandLine, kSecret};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    ConfigurationBuilder builder;
    builder.add({.key = "key", .default_value = "default"});
    for (const std::size_t i : order) {
      builder.set("key", std::to_string(i), origins[i]);
      const std::vector<Assignment> history = builder.current().history("key");
      EXPECT_EQ(builder.current().get("key"), history.back().value);
    }
    const std::vector<Assignment> history = builder.current().history("key");
    ASSERT_EQ(history.size(), 6U);
    EXPECT_EQ(history[0].value, Value{"default"});
    EXPECT_EQ(history[0].origin.kind, OriginKind::default_value);
    for (std::size_t i = 0; i < origins.size(); ++i) {
      EXPECT_EQ(history[i + 1].value, Value{std::to_string(i)});
      EXPECT_EQ(history[i + 1].origin.where, origins[i].where);
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST(Configuration, of_one_kind_the_later_assignment_wins) {
  ConfigurationBuilder builder;
  builder.set("key", "first", kPlugin).set("key", "second", kPlugin);
  EXPECT_EQ(builder.current().get_string("key"), "second");
}

TEST(Configuration, a_null_value_counts_as_not_set) {
  ConfigurationBuilder builder;
  builder.add({.key = "key", .default_value = "default"});
  builder.set("key", "x", kIni).set("key", nullptr, kPlugin);
  EXPECT_EQ(builder.current().get_string("key"), "default");
  EXPECT_TRUE(builder.current().is_default("key"));
  builder.set("key", "env", kEnvironment);
  EXPECT_EQ(builder.current().get_string("key"), "env");
}

TEST(Configuration, an_empty_text_is_a_value) {
  ConfigurationBuilder builder;
  builder.add({.key = "key", .default_value = "default"}).set("key", "", kEnvironment);
  EXPECT_EQ(builder.current().get("key"), Value{""});
  EXPECT_FALSE(builder.current().is_default("key"));
}

TEST(Configuration, a_value_equal_to_the_default_is_still_set) {
  ConfigurationBuilder builder;
  builder.add({.key = "key", .default_value = "same"}).set("key", "same", kIni);
  EXPECT_FALSE(builder.current().is_default("key"));
  builder.add({.key = "key", .default_value = "other"});
  EXPECT_EQ(builder.current().get_string("key"), "same")
      << "a second declaration takes nothing away";
}

TEST(Configuration, values_before_the_declaration_stay_and_are_converted) {
  ConfigurationBuilder builder;
  builder.set("port", "514", kIni).set("port", "515", kEnvironment);
  builder.add({.key = "port", .default_value = 1});
  EXPECT_EQ(builder.current().get("port"), Value{515});
  EXPECT_EQ(builder.current().history("port")[1].value, Value{514});
}

TEST(Configuration, the_last_declaration_wins) {
  ConfigurationBuilder builder;
  builder.add({.key = "key", .default_value = 1, .description = "First."});
  builder.add({.key = "key", .default_value = "two", .description = "Second.", .sensitive = true});
  EXPECT_EQ(builder.current().get("key"), Value{"two"});
  EXPECT_EQ(builder.current().option("key")->description, "Second.");
  EXPECT_TRUE(builder.current().is_sensitive("key"));
}

TEST(Configuration, a_declaration_that_does_not_fit_leaves_the_values_as_they_were) {
  ConfigurationBuilder builder;
  builder.set("key", "many", kIni);
  EXPECT_THROW(builder.add({.key = "key", .default_value = 1}), Error);
  EXPECT_EQ(builder.current().get_string("key"), "many");
}

TEST(Configuration, descriptions_tell_sensitivity_and_default) {
  ConfigurationBuilder builder;
  builder.add({.key = "a", .default_value = true, .description = "What it does."});
  builder.add({.key = "b", .default_value = "x", .description = "What.", .sensitive = true});
  builder.add({.key = "c", .default_value = "x", .description = "What.", .show_default = false});
  builder.add({.key = "d", .default_value = ""});
  builder.set("e", "x", kIni);
  const Configuration& configuration = builder.current();
  EXPECT_EQ(configuration.description("a"), "What it does. Default value: True.");
  EXPECT_EQ(configuration.description("b"),
            "What. This option is marked as sensitive. Default value: x.");
  EXPECT_EQ(configuration.description("c"), "What.");
  EXPECT_EQ(configuration.description("d"), "No description provided.");
  EXPECT_EQ(configuration.description("e"), "") << "only set, never declared";
}

TEST(Configuration, a_required_value_that_is_missing_names_the_key_and_the_ways_to_set_it) {
  const Configuration configuration = ConfigurationBuilder().add({.key = "my.key"}).build();
  const std::string in_main = error_of([&] { (void)configuration.get_required("my.key"); });
  EXPECT_TRUE(contains(in_main, "my.key"));
  EXPECT_TRUE(contains(in_main, "[vdk]"));
  EXPECT_TRUE(contains(in_main, "VDK_MY_KEY"));
  const std::string in_section =
      error_of([&] { (void)configuration.get_required("host", "second_db"); });
  EXPECT_TRUE(contains(in_section, "second_db.host"));
  EXPECT_TRUE(contains(in_section, "[vdk_second_db]"));
  EXPECT_EQ(ConfigurationBuilder().set("a", "", kIni).build().get_required("a"), Value{""});
}

TEST(Configuration, typed_access_converts_text) {
  ConfigurationBuilder builder;
  builder.set("n", " 42 ", kSecret)
      .set("b", "Yes", kIni)
      .set("real", 2.9, kPlugin)
      .set("list", Value::List{1, "a"}, kPlugin);
  builder.set("bad", "many", kEnvironment).set("big", "99999999999999999999", kIni);
  const Configuration& configuration = builder.current();
  EXPECT_EQ(configuration.get_integer("n"), 42);
  EXPECT_TRUE(configuration.get_bool("b"));
  EXPECT_EQ(configuration.get_integer("real"), 2);
  EXPECT_EQ(configuration.get_string("list"), "[1, 'a']");
  const std::string bad = error_of([&] { (void)configuration.get_integer("bad"); });
  EXPECT_TRUE(contains(bad, "'many'"));
  EXPECT_TRUE(contains(bad, "VDK_KEY"));
  EXPECT_TRUE(contains(error_of([&] { (void)configuration.get_integer("big"); }), "64 bits"));
}

TEST(Configuration, an_override_wins_over_everything_and_is_not_converted) {
  ConfigurationBuilder builder;
  builder.add({.key = "n", .default_value = 1})
      .set("n", "2", kCommandLine)
      .set("host", "h", kIni, "db");
  Configuration configuration = builder.build();
  configuration.override_value("n", "3", kSecret);
  EXPECT_EQ(configuration.get("n"), Value{"3"});
  EXPECT_EQ(configuration.get_integer("n"), 3);
  configuration.override_value("n", 4, kPlugin);
  EXPECT_EQ(configuration.get("n"), Value{4}) << "the last override wins, whatever its kind";
  configuration.override_value("db_host", "other", kPlugin, "db");
  EXPECT_EQ(configuration.get_string("host", "db"), "other");
  EXPECT_EQ(builder.current().get("n"), Value{2}) << "the builder keeps its own";
}

TEST(Configuration, overriding_an_unknown_key_is_ignored_in_the_main_section_only) {
  Configuration configuration = ConfigurationBuilder().set("host", "h", kIni, "db").build();
  configuration.override_value("unknown", "x", kPlugin);
  EXPECT_TRUE(configuration.get("unknown").is_null());
  EXPECT_TRUE(contains(error_of([&] { configuration.override_value("port", "1", kPlugin, "db"); }),
                       "db.port"));
  EXPECT_TRUE(contains(error_of([&] { configuration.override_value("port", "1", kPlugin, "db2"); }),
                       "db2.port"));
}

struct ConversionCase {
  Value type;
  Value given;
  std::optional<Value> expected;
};

class Conversion : public testing::TestWithParam<ConversionCase> {};

TEST_P(Conversion, follows_pythons_constructors) {
  const auto& [type, given, expected] = GetParam();
  const Option option{.key = "key", .default_value = type};
  SCOPED_TRACE(to_json(type) + " from " + to_json(given));
  if (!expected) {
    const std::string text = error_of([&] { (void)convert(option, given, kIni); });
    EXPECT_TRUE(contains(text, "key"));
    EXPECT_TRUE(contains(text, "'" + to_python_text(given) + "'"));
    EXPECT_TRUE(contains(text, "config.ini:3"));
    EXPECT_TRUE(contains(text, "Use "));
    return;
  }
  const Value converted = convert(option, given, kIni);
  if (const double* real = expected->if_real(); real && std::isnan(*real)) {
    ASSERT_NE(converted.if_real(), nullptr);
    EXPECT_TRUE(std::isnan(*converted.if_real()));
  } else {
    EXPECT_EQ(converted, *expected) << to_json(converted);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Booleans, Conversion,
    testing::Values(
        ConversionCase{false, "true", true}, ConversionCase{false, "TRUE", true},
        ConversionCase{false, "1", true}, ConversionCase{false, "yes", true},
        ConversionCase{false, "Y", true}, ConversionCase{true, "false", false},
        ConversionCase{true, "0", false}, ConversionCase{true, "No", false},
        ConversionCase{true, "n", false}, ConversionCase{false, true, true},
        ConversionCase{false, 1, true}, ConversionCase{true, 0, false},
        ConversionCase{false, "on", std::nullopt}, ConversionCase{false, "", std::nullopt},
        ConversionCase{false, " true", std::nullopt}, ConversionCase{false, "2", std::nullopt},
        ConversionCase{false, 2, std::nullopt}, ConversionCase{false, 1.0, std::nullopt},
        ConversionCase{false, "truetrue", std::nullopt}, ConversionCase{false, nullptr, nullptr}));

INSTANTIATE_TEST_SUITE_P(
    Integers, Conversion,
    testing::Values(
        ConversionCase{0, "12", 12}, ConversionCase{0, " -12\t", -12}, ConversionCase{0, "+7", 7},
        ConversionCase{0, "010", 10}, ConversionCase{0, "-0", 0}, ConversionCase{0, "000", 0},
        ConversionCase{0, "1_000", 1000}, ConversionCase{0, 3.9, 3}, ConversionCase{0, -3.9, -3},
        ConversionCase{0, true, 1},
        ConversionCase{0, "9223372036854775807", std::int64_t{9223372036854775807}},
        ConversionCase{0, "9223372036854775808", Value::BigInteger{"9223372036854775808"}},
        ConversionCase{0, "-00009223372036854775809", Value::BigInteger{"-9223372036854775809"}},
        ConversionCase{0, "", std::nullopt}, ConversionCase{0, "-", std::nullopt},
        ConversionCase{0, "1.5", std::nullopt}, ConversionCase{0, "ten", std::nullopt},
        ConversionCase{0, "1__0", std::nullopt}, ConversionCase{0, "_1", std::nullopt},
        ConversionCase{0, "1_", std::nullopt}, ConversionCase{0, "- 1", std::nullopt},
        ConversionCase{0, "0x10", std::nullopt}, ConversionCase{0, "--1", std::nullopt},
        ConversionCase{0, Value::List{}, std::nullopt}, ConversionCase{0, 1e300, std::nullopt},
        ConversionCase{0, std::nan(""), std::nullopt}, ConversionCase{0, nullptr, nullptr}));

INSTANTIATE_TEST_SUITE_P(
    Reals, Conversion,
    testing::Values(
        ConversionCase{0.5, "1.5", 1.5}, ConversionCase{0.5, " +2e3 ", 2000.0},
        ConversionCase{0.5, "1.", 1.0}, ConversionCase{0.5, "-.5", -0.5},
        ConversionCase{0.5, "1_0.2_5", 10.25}, ConversionCase{0.5, "Infinity", HUGE_VAL},
        ConversionCase{0.5, "-inf", -HUGE_VAL}, ConversionCase{0.5, "nan", std::nan("")},
        ConversionCase{0.5, "1e999", HUGE_VAL}, ConversionCase{0.5, "-1e999", -HUGE_VAL},
        ConversionCase{0.5, "1e-999", 0.0}, ConversionCase{0.5, 3, 3.0},
        ConversionCase{0.5, true, 1.0}, ConversionCase{0.5, "", std::nullopt},
        ConversionCase{0.5, "+-1", std::nullopt}, ConversionCase{0.5, "0x1", std::nullopt},
        ConversionCase{0.5, "1e", std::nullopt}, ConversionCase{0.5, "nan(1)", std::nullopt},
        ConversionCase{0.5, "e5", std::nullopt}, ConversionCase{0.5, "1,5", std::nullopt}));

INSTANTIATE_TEST_SUITE_P(
    Texts, Conversion,
    testing::Values(ConversionCase{"", " as it is ", " as it is "}, ConversionCase{"", 5, "5"},
                    ConversionCase{"", true, "True"}, ConversionCase{"", 1.0, "1.0"},
                    ConversionCase{"", Value::List{"a", 1}, "['a', 1]"},
                    ConversionCase{"", nullptr, nullptr}, ConversionCase{nullptr, 5, 5},
                    ConversionCase{nullptr, "5", "5"}));

INSTANTIATE_TEST_SUITE_P(
    Collections, Conversion,
    testing::Values(ConversionCase{Value::List{}, "a, b,,c", Value::List{"a", "b", "c"}},
                    ConversionCase{Value::List{}, R"([1, "b"])", Value::List{1, "b"}},
                    ConversionCase{Value::List{}, "", Value::List{}},
                    ConversionCase{Value::List{}, 5, std::nullopt},
                    ConversionCase{Value::Map{}, R"({"a": 1})", Value::Map{{"a", 1}}},
                    ConversionCase{Value::Map{}, "a", std::nullopt},
                    ConversionCase{Value::Map{}, "[]", std::nullopt}));

TEST(Conversion, an_empty_variable_says_that_it_counts) {
  ConfigurationBuilder builder;
  builder.add({.key = "flag", .default_value = false});
  const std::string text = error_of([&] { builder.set("flag", "", kEnvironment); });
  EXPECT_TRUE(contains(text, "environment variable VDK_KEY"));
  EXPECT_TRUE(contains(text, "Unset the variable"));
  EXPECT_TRUE(builder.current().is_default("flag"));
}

TEST(Conversion, errors_do_not_show_secrets) {
  ConfigurationBuilder builder;
  builder.add({.key = "pin", .default_value = 0, .sensitive = true});
  builder.add({.key = "my_token", .default_value = 0});
  for (const char* key : {"pin", "my_token"}) {
    const std::string text = error_of([&] { builder.set(key, "hunter2", kIni); });
    EXPECT_FALSE(contains(text, "hunter2"));
    EXPECT_TRUE(contains(text, "***"));
    EXPECT_TRUE(contains(text, key));
  }
}

TEST(Conversion, errors_name_the_section) {
  ConfigurationBuilder builder;
  builder.add({.key = "port", .default_value = 0, .section = "second_db"});
  EXPECT_TRUE(
      contains(error_of([&] { builder.set("port", "x", kIni, "second_db"); }), "second_db.port"));
}

}  // namespace
}  // namespace vdk
