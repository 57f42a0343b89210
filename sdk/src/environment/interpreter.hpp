// A Python interpreter and what decides whether an environment fits it.
#pragma once

#include <filesystem>
#include <string>

namespace vdk {

struct InterpreterFacts {
  std::filesystem::path executable;  // the program itself, behind links and virtual environments
  std::string version;               // "3.11.7"
  // "3.11", as the names of directories have it.
  [[nodiscard]] std::string feature_version() const;
};

// Of `wanted`: a path, a name on PATH or a version ("3.11"); where it is empty, of the interpreter
// that the program would run a job with. The interpreter is asked. Throws Error (configuration)
// where there is none, or it is another version.
[[nodiscard]] InterpreterFacts ask_interpreter(const std::string& wanted);

}  // namespace vdk
