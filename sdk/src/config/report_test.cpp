#include "config/report.hpp"

#include <gtest/gtest.h>

#include "config/sources.hpp"

namespace vdk {
namespace {

const Origin kIni{OriginKind::config_ini, "config.ini:3"};

TEST(ConfigHelp, has_the_layout_that_people_know) {
  ConfigurationBuilder builder;
  builder.add({.key = "__config_provider__ environment variables",
               .description = "Variables.\nPrefix  \"VDK_\".",
               .show_default = false});
  builder.add({.key = "beta", .default_value = 5, .description = "Short."});
  builder.add({.key = "alpha",
               .description =
                   "One two three four five six seven eight nine ten eleven twelve thirteen."
                   "\n\n  Second paragraph."});
  builder.add({.key = "gamma_has_a_name_of_more_than_forty_letters",
               .description = "Long name, and a description that "
                              "needs more than one line."});
  builder.add({.key = "delta_has_a_name_of_exactly_forty_letter", .description = "Kept apart."});
  builder.add({.key = "word",
               .description =
                   "https://example.org/a/word/that/is/longer/than/sixty/characters/stays/whole"
                   " end"});
  builder.add({.key = "nothing"});
  builder.add(
      {.key = "port", .default_value = 1, .description = "Of a section.", .section = "second_db"});
  builder.set("only_set", "x", kIni);
  EXPECT_EQ(config_help_text(builder.current()), R"(
Configuring VDK is done via:
environment variables                   Variables.
                                        Prefix "VDK_".
-----------

List of configuration variables:
alpha                                   One two three four five six seven eight nine ten eleven
                                        twelve thirteen.
                                        Second paragraph.

beta                                    Short. Default value: 5.

delta_has_a_name_of_exactly_forty_letter  Kept apart.

gamma_has_a_name_of_more_than_forty_letters  Long name, and a description that needs more than one
                                        line.

nothing                                 No description provided.

second_db.port                          Of a section. Default value: 1.

word                                    https://example.org/a/word/that/is/longer/than/sixty/characters/stays/whole
                                        end

------------

How to set them?

The above listed configuration variables can be set using following configuration providers:

environment variables                   Variables.
                                        Prefix "VDK_".
)");
}

TEST(ConfigHelp, json_lists_providers_and_options) {
  ConfigurationBuilder builder;
  builder.add(
      {.key = "__config_provider__job config ini", .description = "File.", .show_default = false});
  builder.add({.key = "my.key", .default_value = 5, .description = "Short."});
  builder.add({.key = "port", .description = "Port.", .sensitive = true, .section = "second-db"});
  builder.set("only_set", "x", kIni);
  EXPECT_EQ(
      config_help_json(builder.current()),
      parse_json(
          R"({"providers":[{"name":"job config ini","description":"File."}],"options":[)"
          R"({"section":"vdk","key":"my.key","type":"integer","default":5,"description":"Short.",)"
          R"("sensitive":false,"variable":"VDK_MY_KEY"},)"
          R"({"section":"second-db","key":"port","type":"text","default":null,"description":"Port.",)"
          R"("sensitive":true,"variable":"VDK_SECOND_DB_PORT"}]})"));
}

TEST(ConfigHelp, of_the_core_fits_into_one_hundred_columns) {
  ConfigurationBuilder builder;
  declare_core_options(builder);
  const std::string text = config_help_text(builder.current());
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    EXPECT_TRUE(line.size() <= 100 || line.find("https://") != std::string_view::npos) << line;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  EXPECT_EQ(text.find("No description"), std::string::npos);
}

Configuration example() {
  ConfigurationBuilder builder;
  builder.add({.key = "db_default_type", .default_value = "memory"})
      .add({.key = "untouched", .default_value = 1});
  builder.add({.key = "pin", .default_value = "", .sensitive = true});
  builder.add({.key = "__config_provider__x", .default_value = "always_enabled"});
  builder.set("db_default_type", "sqlite", kIni).set("jobconfigkeys.team", "t", kIni);
  builder.set("db_default_type", "duckdb", {OriginKind::environment, "VDK_DB_DEFAULT_TYPE"});
  builder.set("pin", "1234", kIni).set("pin", "5678", {OriginKind::command_line, "-c"});
  builder.set("password", "hunter2", kIni, "second_db").set("token", "", kIni, "second_db");
  builder.set("url", "postgresql://me:hunter2@host:5432/db?x=@", kIni, "second_db");
  builder.set("note", "two\nlines", {OriginKind::plugin, "demo"}, "second_db");
  return std::move(builder).build();
}

TEST(Explain, says_where_values_come_from_and_hides_secrets) {
  EXPECT_EQ(explain_text(example()), R"([vdk]
db_default_type = duckdb                                from environment variable VDK_DB_DEFAULT_TYPE, overrides sqlite (config.ini:3), memory (default)
pin             = ***                                   from option -c, overrides *** (config.ini:3)

[second_db]
note            = two\nlines                            from plugin demo
password        = ***                                   from config.ini:3
token           = (empty)                               from config.ini:3
url             = postgresql://me:***@host:5432/db?x=@  from config.ini:3
)");
}

TEST(Explain, everything_includes_defaults) {
  const std::string text = explain_text(example(), true);
  EXPECT_NE(text.find("untouched          = 1"), std::string::npos) << text;
  EXPECT_NE(text.find("from default\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("__config_provider__"), std::string::npos) << text;
  EXPECT_EQ(explain_text(ConfigurationBuilder().add({.key = "a", .default_value = 1}).build()),
            "Nothing is set: every option has its default.\n");
}

TEST(Explain, json_has_the_whole_history) {
  const Value all = explain_json(example());
  ASSERT_EQ(all.if_list()->size(), 6U);
  EXPECT_EQ(
      all.if_list()->at(0),
      parse_json(
          R"({"section":"vdk","key":"db_default_type","value":"duckdb","origin":"environment",)"
          R"("where":"VDK_DB_DEFAULT_TYPE","sensitive":false,"overrode":[)"
          R"({"value":"sqlite","origin":"config.ini","where":"config.ini:3"},)"
          R"({"value":"memory","origin":"default","where":""}]})"));
  EXPECT_EQ(explain_json(example(), true).if_list()->size(), 8U);
}

TEST(Explain, no_secret_is_shown_anywhere) {
  Configuration configuration = example();
  apply_secrets(configuration, Value::Map{{"db_default_type", "from-the-vault"}});
  for (const std::string& text :
       {explain_text(configuration, true), to_json(explain_json(configuration, true))}) {
    for (const char* secret : {"hunter2", "1234", "5678", "from-the-vault"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
    }
  }
}

TEST(Explain, numbers_that_count_tokens_are_shown) {
  ConfigurationBuilder builder;
  builder.add({.key = "token_lifetime", .default_value = 60}).set("token_lifetime", "90", kIni);
  EXPECT_NE(explain_text(builder.current()).find("= 90"), std::string::npos);
}

}  // namespace
}  // namespace vdk
