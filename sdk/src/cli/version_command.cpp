#include <fmt/format.h>

#include "base/build_info.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"
#include "hooks/python_environment.hpp"

namespace vdk {

namespace {

// Which Python runs Python steps, and which plugins its environment has.
std::string python_text() {
  Interpreter interpreter;
  PythonEnvironment environment;
  try {
    interpreter = find_interpreter();
    environment = inspect_environment(interpreter);
  } catch (const Error& error) {
    return fmt::format("Python version: none ({})\n", error.text().what);
  }
  std::string text =
      fmt::format("Python version: {} ({}, by {})\n\nInstalled plugins:", environment.version,
                  interpreter.executable.string(), interpreter.chosen_by);
  if (environment.plugins.empty()) text += " None";
  text += '\n';
  for (const PluginDistribution& plugin : environment.plugins) {
    text += fmt::format("{} (version {})\n", plugin.name, plugin.version);
  }
  return text;
}

int run(Invocation& invocation) {
  Host& host = invocation.program().host();
  if (invocation.get("output") == "json") {
    Value json;
    json.set("version", kVersion);
    json.set("build_type", kBuildType);
    json.set("compiler", kCompiler);
    host.write_out(to_json(json, 2) + '\n');
    return 0;
  }
  host.write_err(fmt::format(
      "Versatile Data Kit\nVersion: {}\nBuild details: BUILD_TYPE={}, COMPILER={}\n{}{}\n",
      kVersion, kBuildType, kCompiler, python_text(), std::string(80, '-')));
  return 0;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .summary = "Show the version and how it was built.",
          .examples = "vdk version\nvdk version --output json",
          .options = {{.names = "-o,--output",
                       .key = "output",
                       .help = "json goes to standard output.",
                       .choices = {"text", "json"},
                       .default_value = "text"}},
          .run = run};
}

}  // namespace vdk
