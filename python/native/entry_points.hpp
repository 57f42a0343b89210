// The entry points of plugins in this interpreter.
#pragma once

#include <tuple>
#include <vector>

#include "hooks/python_environment.hpp"
#include "python.hpp"

namespace vdk {

// By distribution, sorted by its name; nothing is imported. Need the interpreter lock.
[[nodiscard]] std::vector<PluginDistribution> entry_points();
// Those of the path with which the interpreter starts; `found` is what the program found, maybe of
// another interpreter.
[[nodiscard]] std::vector<PluginDistribution> entry_points_at_start(const PythonEnvironment& found);

// The same of the path as it is now: (distribution, version, group, name, value) each.
[[nodiscard]] nb::list entry_points_in_python();

}  // namespace vdk
