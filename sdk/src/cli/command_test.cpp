#include "cli/command.hpp"

#include <set>

#include <gtest/gtest.h>

#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

using Values = std::map<std::string, std::vector<std::string>>;

Command sample() {
  return {
      .name = "sample",
      .summary = "A command for tests.",
      .arguments = {{"directory", "DIRECTORY"}},
      .options = {
          {.names = "--arguments", .key = "arguments", .metavar = "TEXT"},
          {.names = "-c,--config", .key = "config", .metavar = "KEY=VALUE", .repeated = true},
          {.names = "--set", .key = "set", .metavar = "KEY VALUE", .repeated = true, .values = 2},
          {.names = "--check", .key = "check"},
          {.names = "-o,--output",
           .key = "output",
           .choices = {"text", "json"},
           .default_value = "text"}}};
}

std::vector<Command> core_commands() {
  HookDispatcher hooks;
  PluginIndex no_plugins(std::filesystem::path("/absent"));
  register_core_commands(hooks, no_plugins);
  return gather_commands(hooks);
}

std::string usage_error(const std::vector<std::string>& words) {
  try {
    (void)parse_command_line(sample(), words);
  } catch (const UsageError& error) {
    return error.message();
  }
  return "no error";
}

TEST(CommandLine, options_may_stand_before_and_behind_the_argument) {
  const Values before = parse_command_line(sample(), {"--arguments", "{}", "job", "--check"});
  const Values behind = parse_command_line(sample(), {"job", "--check", "--arguments={}"});
  EXPECT_EQ(before, behind);
  EXPECT_EQ(before.at("directory"), std::vector<std::string>{"job"});
  EXPECT_EQ(before.at("arguments"), std::vector<std::string>{"{}"});
}

TEST(CommandLine, json_texts_arrive_untouched) {
  for (const std::string text :
       {R"({"a": [1, "x y"], "b": "%%"})", "[1, 2]", "", "null", "\"quoted\"", "a,b", "{}"}) {
    EXPECT_EQ(parse_command_line(sample(), {"job", "--arguments", text}).at("arguments"),
              std::vector<std::string>{text});
  }
}

TEST(CommandLine, a_repeated_option_is_kept_whole_and_a_single_one_takes_the_last) {
  const Values values = parse_command_line(
      sample(), {"job", "-c", "a=1", "--config", "b=2", "--arguments", "1", "--arguments", "2"});
  EXPECT_EQ(values.at("config"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(values.at("arguments").back(), "2");
}

TEST(CommandLine, an_option_may_take_two_words) {
  const Values values = parse_command_line(sample(), {"job", "--set", "a", "1", "--set", "b", "2"});
  EXPECT_EQ(values.at("set"), (std::vector<std::string>{"a", "1", "b", "2"}));
}

TEST(CommandLine, choices_are_taken_in_any_case_and_have_a_default) {
  EXPECT_EQ(parse_command_line(sample(), {"job", "-o", "JSON"}).at("output"),
            std::vector<std::string>{"json"});
  EXPECT_EQ(parse_command_line(sample(), {"job"}).at("output"), std::vector<std::string>{"text"});
}

TEST(CommandLine, usage_errors_say_what_is_wrong) {
  EXPECT_EQ(usage_error({}), "Missing argument 'DIRECTORY'.");
  EXPECT_EQ(usage_error({"a", "b"}), "Got unexpected extra argument (b)");
  EXPECT_EQ(usage_error({"a", "--chekc"}), "No such option: --chekc Did you mean --check?");
  EXPECT_EQ(usage_error({"a", "--arguments"}), "Option '--arguments' requires an argument.");
  EXPECT_EQ(usage_error({"a", "-o", "xml"}),
            "Invalid value for '-o' / '--output': 'xml' is not one of 'text', 'json'.");
}

TEST(Commands, each_has_a_name_a_summary_an_example_and_distinct_options) {
  std::set<std::string> names;
  for (const Command& command : core_commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    EXPECT_TRUE(command.run) << command.name;
    std::set<std::string> keys;
    for (const CommandOption& option : command.options) {
      EXPECT_TRUE(keys.insert(option.key).second) << command.name << " " << option.key;
      EXPECT_TRUE(option.hidden || !option.help.empty()) << command.name << " " << option.names;
    }
  }
}

TEST(Commands, help_names_every_visible_option_and_fits_the_page) {
  for (const Command& command : core_commands()) {
    const std::string help = command_help(command);
    for (const CommandOption& option : command.options) {
      if (option.hidden) continue;
      const std::string first = option.names.substr(0, option.names.find(','));
      EXPECT_NE(help.find(first), std::string::npos) << command.name << " " << first;
    }
  }
}

}  // namespace
}  // namespace vdk
