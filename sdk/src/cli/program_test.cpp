#include "cli/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

// A host whose features are those of one test, and which keeps what is printed.
class TestHost final : public Host {
 public:
  using Features = std::function<void(HookDispatcher&)>;
  explicit TestHost(Features features) : features_(std::move(features)) {}

  [[nodiscard]] bool runs_python() const noexcept override { return false; }
  void register_features(HookDispatcher& hooks, PluginIndex&) override { features_(hooks); }
  void watch_signals(Cancellation&) override {}
  [[nodiscard]] bool owns_terminal() const noexcept override { return false; }
  void watch_output(TerminalView*) override {}
  void write_out(std::string_view text) override { out += text; }
  void write_err(std::string_view text) override { err += text; }
  void write_result(std::string_view bytes) override { out += bytes; }

  std::string out;
  std::string err;

 private:
  Features features_;
};

Command greeting(std::string name, std::string text) {
  return {.name = std::move(name),
          .summary = "Greets.",
          .examples = "",
          .options = {{.names = "--loudly", .key = "loudly", .help = "Adds a mark."}},
          .run = [text = std::move(text)](Invocation& invocation) {
            invocation.program().host().write_out(text + (invocation.has("loudly") ? "!" : ""));
            return 7;
          }};
}

void add_command(HookDispatcher& hooks, Command command) {
  hooks.vdk_command_line.add("test", [command = std::move(command)](std::vector<Command>& all) {
    all.push_back(command);
    return std::nullopt;
  });
}

TEST(Program, a_command_of_a_plugin_is_run_helped_and_completed_as_the_cores_are) {
  const auto features = [](HookDispatcher& hooks) { add_command(hooks, greeting("greet", "hi")); };
  TestHost running(features);
  EXPECT_EQ(run_program({"greet", "--loudly"}, running), 7);
  EXPECT_EQ(running.out, "hi!");

  TestHost helping(features);
  EXPECT_EQ(run_program({"--help"}, helping), 0);
  EXPECT_NE(helping.out.find("\n  greet  "), std::string::npos) << helping.out;

  TestHost completing(features);
  EXPECT_EQ(run_program({"completion", "--words", ""}, completing), 0);
  EXPECT_NE(completing.out.find("\ngreet\n"), std::string::npos) << completing.out;

  TestHost completing_options(features);
  EXPECT_EQ(run_program({"completion", "--words", "greet"}, completing_options), 0);
  EXPECT_EQ(completing_options.out, "--loudly\n--help\n");
}

TEST(Program, a_plugin_sees_the_cores_commands_and_may_change_or_replace_them) {
  const auto features = [](HookDispatcher& hooks) {
    add_command(hooks, greeting("version", "another version"));
    hooks.vdk_command_line.add("changing", [](std::vector<Command>& all) {
      const auto config = std::ranges::find(all, "config", &Command::name);
      if (config == all.end()) throw std::logic_error("the core's commands are not there yet");
      config->summary = "A changed summary.";
      return std::nullopt;
    });
  };
  TestHost replaced(features);
  EXPECT_EQ(run_program({"version"}, replaced), 7);
  EXPECT_EQ(replaced.out, "another version");

  TestHost changed(features);
  EXPECT_EQ(run_program({"--help"}, changed), 0);
  EXPECT_NE(changed.out.find("A changed summary."), std::string::npos) << changed.out;
  EXPECT_EQ(changed.out.find("\n  version  "), changed.out.rfind("\n  version  ")) << changed.out;
}

TEST(Program, a_plugins_manifest_may_declare_another_run) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("vdk-another-run-" + std::to_string(getpid()));
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "vdk_runner.json")
      << R"({"name": "runner", "commands": [{"name": "run"}]})";
  setenv("VDK_PLUGIN_PATH", directory.c_str(), 1);
  TestHost host([](HookDispatcher&) {});
  EXPECT_EQ(run_program({"run"}, host), 1);
  EXPECT_NE(host.err.find("The plugin runner"), std::string::npos) << host.err;
  unsetenv("VDK_PLUGIN_PATH");
  std::filesystem::remove_all(directory);
}

TEST(Program, the_start_may_change_the_words_and_comes_before_the_commands) {
  std::string order;
  TestHost host([&order](HookDispatcher& hooks) {
    add_command(hooks, greeting("greet", "hi"));
    hooks.vdk_command_line.add("noting", [&order](std::vector<Command>&) {
      order += "commands ";
      return std::nullopt;
    });
    hooks.vdk_start.add("noting", [&order](std::vector<std::string>& arguments) {
      order += "start ";
      std::erase(arguments, "--own-word");
      return std::nullopt;
    });
  });
  EXPECT_EQ(run_program({"--own-word", "greet"}, host), 7);
  EXPECT_EQ(host.out, "hi");
  EXPECT_EQ(order, "start commands ");
}

TEST(Program, a_start_that_fails_ends_the_program_with_its_error) {
  TestHost host([](HookDispatcher& hooks) {
    hooks.vdk_start.add("failing", [](std::vector<std::string>&) -> std::optional<NoResult> {
      throw configuration_error({.what = "The start failed."});
    });
  });
  EXPECT_EQ(run_program({"version"}, host), 1);
  EXPECT_NE(host.err.find("The start failed."), std::string::npos) << host.err;
  EXPECT_EQ(host.out, "");
}

}  // namespace
}  // namespace vdk
