#include "reconcile/deployment_check.hpp"

#include <cstdlib>
#include <initializer_list>

#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

// A program that says no ends with one of 1 to 125. From there on it is a shell or the system that
// speaks: it could not be started (126, 127), or a signal ended it (128 and more).
constexpr int kLastAnswer = 125;

// What the service's own environment holds is no business of the command: passwords are there.
std::vector<std::string> full_command(const DeploymentCheck& check, const CheckedVersion& version) {
  std::vector<std::string> command{"/usr/bin/env", "-i"};
  for (const char* name : {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) command.push_back(fmt::format("{}={}", name, value));
  }
  const std::initializer_list<std::pair<const char*, const std::string&>> facts = {
      {"JOB_NAME", version.job_name},
      {"JOB_GITHASH", version.version},
      {"PYTHON_VERSION", version.python_version}};
  for (const auto& [name, value] : facts) command.push_back(fmt::format("{}={}", name, value));
  command.insert(command.end(), check.command.begin(), check.command.end());
  command.push_back(version.artifact.job.string());
  if (!version.artifact.environment.empty()) command.push_back(version.artifact.environment);
  return command;
}

}  // namespace

void ask_check(const DeploymentCheck& check, const CheckedVersion& version, const LineLog& log) {
  if (check.command.empty()) return;
  std::string last;
  const auto code = run_process_lines(full_command(check, version),
                                      {.time_limit = check.time_limit}, [&](std::string_view line) {
                                        log(line);
                                        if (!trim(line).empty()) last = trim(line);
                                      });
  if (code == 0) {
    log("The operator's check accepts the version.");
    return;
  }
  if (code && *code > 0 && *code <= kLastAnswer) {
    throw user_error(
        {.what = "The operator's check does not accept the job.",
         .why = last.empty() ? fmt::format("It ended with exit code {}.", *code) : last,
         .consequence = "The version is not deployed; what was deployed before goes on.",
         .countermeasure = "See the deployment's log for what the check says, correct the job and "
                           "deploy it again."});
  }
  throw platform_error(
      {.what = "The operator's check of the job gave no answer.",
       .why = code ? fmt::format("{} ended with exit code {}.", check.command.front(), *code)
                   : fmt::format("{} did not end within {} s.", check.command.front(),
                                 check.time_limit.count()),
       .consequence = "The version is not deployed; what was deployed before goes on.",
       .countermeasure = "Ask the operators, who set vdk.service.deployment.check; then deploy it "
                         "again."});
}

}  // namespace vdk::service
