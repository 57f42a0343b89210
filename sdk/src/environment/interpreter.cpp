#include "environment/interpreter.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "hooks/python_environment.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace {

bool is_version(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

Error unusable(const std::string& wanted, std::string why) {
  return configuration_error(
      {.what = wanted.empty() ? "There is no Python interpreter for the environment."
                              : fmt::format("There is no Python interpreter '{}'.", wanted),
       .why = std::move(why),
       .consequence = "No environment was made.",
       .countermeasure =
           "Install that version of Python, or name one that is there: python_version "
           "in the job's config.ini, or VDK_PYTHON."});
}

}  // namespace

std::string InterpreterFacts::feature_version() const {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

InterpreterFacts ask_interpreter(const std::string& wanted) {
  std::string program;
  if (wanted.empty()) {
    program = find_interpreter().executable.string();
  } else {
    program = find_on_path(is_version(wanted) ? "python" + wanted : wanted);
    if (program.empty()) throw unusable(wanted, "There is no such program on PATH.");
  }
  const std::optional<ProcessOutput> answer = run_process(
      {program, "-I", "-c",
       "import os, sys; print(os.path.realpath(sys.executable)); "
       "print('.'.join(map(str, sys.version_info[:3]))); print(sys.implementation.name)"},
      std::chrono::seconds(60));
  const std::vector<std::string> lines = split(answer ? answer->out : std::string(), '\n');
  if (!answer || answer->exit_code != 0 || lines.size() < 3) {
    throw unusable(wanted, answer ? fmt::format("{} says: {}", program, first_line(answer->err))
                                  : fmt::format("{} does not answer.", program));
  }
  InterpreterFacts facts{.executable = lines[0], .version = lines[1]};
  if (is_version(wanted) && facts.version != wanted && !facts.version.starts_with(wanted + '.'))
    throw unusable(wanted, fmt::format("{} is Python {}.", program, facts.version));
  return facts;
}

}  // namespace vdk
