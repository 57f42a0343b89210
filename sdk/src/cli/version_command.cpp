#include <fmt/format.h>

#include "base/build_info.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"

namespace vdk {

namespace {

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
  host.write_err(fmt::format("Versatile Data Kit\nVersion: {}\nBuild details: BUILD_TYPE={}, COMPILER={}\n", kVersion,
                             kBuildType, kCompiler));
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
