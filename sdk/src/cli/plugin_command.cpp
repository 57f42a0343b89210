// vdk plugin create: from nothing to a plugin that builds and passes its test.
#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/plugin_template.hpp"
#include "cli/program.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 40;

void check_name(const std::string& name, const PluginIndex& plugins) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || name.size() > kLongestName || name.front() < 'a' || name.front() > 'z' ||
      !std::ranges::all_of(name, allowed)) {
    throw user_error(
        {.what = fmt::format("'{}' cannot be the name of a plugin.", name),
         .why = fmt::format("A name starts with a letter, holds lower-case letters, digits and "
                            "underscores only, and is at most {} characters long.",
                            kLongestName),
         .consequence = "Nothing was created.",
         .countermeasure = "Choose another name, for example my_database."});
  }
  for (const PluginManifest& known : plugins.manifests()) {
    if (known.name != name) continue;
    throw user_error({.what = fmt::format("There is a plugin {} already.", name),
                      .why = fmt::format("It is {}.", known.file.string()),
                      .consequence = "Nothing was created.",
                      .countermeasure = "Choose another name: of two, only one would count."});
  }
}

void create(Program& program, const std::string& name, const fs::path& parent) {
  check_name(name, program.plugins());
  const fs::path directory = fs::absolute(parent / name).lexically_normal();
  std::error_code failure;
  if (fs::exists(directory, failure)) {
    throw user_error(
        {.what = fmt::format("{} exists already.", directory.string()),
         .consequence = "Nothing was created, and what is there was not touched.",
         .countermeasure = "Choose another name or --path, or remove the directory first."});
  }
  for (const TemplateFile& file : plugin_template(name)) {
    const fs::path path = directory / file.path;
    write_file_atomic(path, file.content);
    if (file.executable) {
      fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                      fs::perm_options::add);
    }
  }
  program.host().write_out(
      fmt::format("Created the plugin {0} in {1}\n"
                  "Build and test it:\n"
                  "  cmake -S '{1}' -B '{1}/build' -DCMAKE_PREFIX_PATH='{2}'\n"
                  "  cmake --build '{1}/build' && ctest --test-dir '{1}/build'\n",
                  name, directory.string(), installation_prefix().string()));
}

int run(Invocation& invocation) {
  const std::string action = invocation.get("action");
  if (action != "create") {
    throw UsageError(fmt::format("Invalid value for 'ACTION': '{}' is not 'create'.", action));
  }
  create(invocation.program(), invocation.get("name"),
         invocation.has("path") ? fs::path(invocation.get("path")) : fs::current_path());
  return 0;
}

}  // namespace

Command plugin_command() {
  return {.name = "plugin",
          .summary =
              "Create a native plugin: a CMake project that builds and passes its own test "
              "at once.",
          .examples = "vdk plugin create my_database\nvdk plugin create my_database -p ~/plugins",
          .arguments = {{.key = "action", .metavar = "ACTION", .help = "create"},
                        {.key = "name", .metavar = "NAME", .help = "The name of the plugin."}},
          .options = {{.names = "-p,--path",
                       .key = "path",
                       .metavar = "PATH",
                       .help = "The directory in which the plugin's directory is made; the current "
                               "one by default."}},
          .run = run};
}

}  // namespace vdk
