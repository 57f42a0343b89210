#include <algorithm>

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/doctor.hpp"
#include "cli/job_directory.hpp"

namespace vdk {

namespace {

Value to_value(const std::vector<Finding>& findings) {
  Value::List list;
  for (const Finding& finding : findings) {
    list.push_back(Value::Map{{"concern", to_string(finding.concern)},
                              {"subject", finding.subject},
                              {"text", redact(finding.text)},
                              {"remedy", finding.remedy}});
  }
  return list;
}

// Subject by subject, as they were examined; what needs attention stands out.
std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  std::string subject;
  for (const Finding& finding : findings) {
    if (finding.subject != subject) text += finding.subject + '\n';
    subject = finding.subject;
    const std::string_view mark = finding.concern == Concern::attention ? "! "
                                  : finding.concern == Concern::note    ? "~ "
                                                                        : "  ";
    text += fmt::format("  {}{}\n", mark, redact(finding.text));
    if (!finding.remedy.empty()) text += fmt::format("      {}\n", finding.remedy);
  }
  const auto count = std::ranges::count(findings, Concern::attention, &Finding::concern);
  text += count == 0 ? "\nNothing needs attention.\n"
                     : fmt::format("\n{} marked with ! {} attention.\n",
                                   count == 1 ? "One line" : fmt::format("{} lines", count),
                                   count == 1 ? "needs" : "need");
  return text;
}

int run(Invocation& invocation) {
  std::optional<std::filesystem::path> job;
  if (invocation.has("directory"))
    job = existing_directory(invocation.get("directory"), "DATA_JOB_DIRECTORY");
  const std::vector<Finding> findings =
      examine(invocation.program(), job, invocation.all("config"));
  invocation.print(invocation.get("output") == "json" ? to_json(to_value(findings), 2) + '\n'
                                                      : to_text(findings));
  return std::ranges::find(findings, Concern::attention, &Finding::concern) == findings.end() ? 0
                                                                                              : 1;
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .summary =
              "Examine the installation, and a job, without running anything.\n"
              "Says which interpreter and plugins there are, what is shadowed, which "
              "settings have no effect, which database is the default and why, and which "
              "steps would not run. Exit code 1: something needs attention.",
          .examples = "vdk doctor\nvdk doctor my-job --output json",
          .arguments = {{.key = "directory",
                         .metavar = "DATA_JOB_DIRECTORY",
                         .help = "The job to examine too.",
                         .required = false}},
          .options = {{.names = "-c,--config",
                       .key = "config",
                       .metavar = "KEY=VALUE",
                       .help = "As for vdk run.",
                       .repeated = true},
                      {.names = "-o,--output",
                       .key = "output",
                       .help = "How the findings are printed.",
                       .choices = {"text", "json"},
                       .default_value = "text"}},
          .run = run};
}

}  // namespace vdk
