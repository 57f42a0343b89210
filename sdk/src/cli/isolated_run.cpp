#include "cli/isolated_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/shared_library.hpp"
#include "cli/command.hpp"
#include "config/sources.hpp"
#include "environment/environment.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

// Holds the id of the process that is isolated: what a job starts is not.
constexpr const char* kMark = "VDK_ISOLATED";

// The values of `run` on the command line, or nothing where it is another command or not right.
std::optional<std::map<std::string, std::vector<std::string>>> values_of_run(
    const std::vector<std::string>& arguments) {
  const auto run = std::ranges::find(arguments, "run");
  if (run == arguments.end()) return std::nullopt;
  try {
    return parse_command_line(run_command(), {run + 1, arguments.end()});
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

void put(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

}  // namespace

bool is_isolated() {
  const char* mark = std::getenv(kMark);
  return mark != nullptr && mark == std::to_string(getpid());
}

bool wants_isolation(const std::vector<std::string>& arguments) {
  return std::ranges::find(arguments, "--isolated") != arguments.end() && !is_isolated();
}

void enter_isolation(const std::vector<std::string>& arguments) {
  const auto values = values_of_run(arguments);
  if (!values || !values->contains("isolated") || !values->contains("data_job_directory")) return;
  const fs::path job = values->at("data_job_directory").front();
  std::error_code failure;
  if (!fs::is_directory(job, failure)) return;

  EnvironmentSettings settings;
  settings.log = [](std::string_view line) { std::fprintf(stderr, "%s\n", redact(line).c_str()); };
  Environment environment = provide_environment(
      {.job = job, .python = JobConfig(job).get("job", "python_version").value_or("")}, settings);
  environment.hold_through_exec();

  put("VDK_PYTHON", environment.python().string());
  put("VIRTUAL_ENV", environment.directory().string());
  const char* path = std::getenv("PATH");
  put("PATH", (environment.directory() / "bin").string() + ':' +
                  (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"));
  put(kMark, std::to_string(getpid()));
  const std::string program = (installation_prefix() / "bin" / "vdk").string();
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw platform_error({.what = "The program cannot be started in the job's environment.",
                        .why = fmt::format("The system says: {}.", std::strerror(errno)),
                        .consequence = "Nothing was run.",
                        .countermeasure = fmt::format("See that {} can be run.", program)});
}

}  // namespace vdk
