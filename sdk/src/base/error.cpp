#include "vdk/base/error.hpp"

#include <csignal>

namespace vdk {

namespace {

std::string render(const ErrorText& text) {
  std::string rendered = text.what;
  for (const std::string* line : {&text.why, &text.consequence, &text.countermeasure}) {
    if (line->empty()) continue;
    rendered += '\n';
    rendered += *line;
  }
  return rendered;
}

}  // namespace

std::string_view to_string(ResolvableBy by) noexcept {
  switch (by) {
    case ResolvableBy::user:
      return "User Error";
    case ResolvableBy::platform:
      return "Platform error";
    case ResolvableBy::configuration:
      return "Configuration error";
  }
  return "Platform error";
}

Error::Error(ResolvableBy by, ErrorText text)
    : std::runtime_error(render(text)), by_(by), text_(std::move(text)) {}
Error::~Error() = default;

std::string Error::type_name() const {
  switch (by_) {
    case ResolvableBy::user:
      return "UserCodeError";
    case ResolvableBy::platform:
      return "PlatformServiceError";
    case ResolvableBy::configuration:
      return "VdkConfigurationError";
  }
  return "PlatformServiceError";
}

bool Error::is_transient() const noexcept { return false; }

SkipRemainingSteps::SkipRemainingSteps(std::string reason) : reason_(std::move(reason)) {}
SkipRemainingSteps::~SkipRemainingSteps() = default;
const char* SkipRemainingSteps::what() const noexcept { return reason_.c_str(); }

ExitRequested::ExitRequested(int code, ErrorText text)
    : Error(ResolvableBy::user, std::move(text)), code_(code) {}
ExitRequested::~ExitRequested() = default;
std::string ExitRequested::type_name() const { return "SystemExit"; }

Cancelled::Cancelled(int signal_number)
    : Error(ResolvableBy::platform,
            {.what = signal_number == SIGINT ? "The run was interrupted (SIGINT)."
                                             : "The run was told to end (SIGTERM).",
             .why = "Whoever started the run, or the platform that it runs on, ended it.",
             .consequence = "The step at work was stopped and the remaining steps did not run."}),
      signal_(signal_number) {}
Cancelled::~Cancelled() = default;
std::string Cancelled::type_name() const { return "Cancelled"; }

}  // namespace vdk
