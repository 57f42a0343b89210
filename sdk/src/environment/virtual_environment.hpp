// A directory that is a Python environment with this program in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "environment/interpreter.hpp"

namespace vdk {

// What our distribution requires, as its metadata say, and what its extras do.
[[nodiscard]] const std::vector<std::string>& own_dependencies();
[[nodiscard]] std::vector<std::string> own_extra_dependencies(const std::string& extra);

// Makes an environment of nothing but this program, as `python -m venv --without-pip` and an
// installation of our distribution would: in milliseconds. Throws Error (platform).
void make_virtual_environment(const std::filesystem::path& directory,
                              const InterpreterFacts& interpreter);

// Proves that what an installer left is still this program. Throws Error (user) with what is in its
// way.
void check_virtual_environment(const std::filesystem::path& directory,
                               const InterpreterFacts& interpreter);

}  // namespace vdk
