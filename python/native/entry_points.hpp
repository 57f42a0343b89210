// The entry points of plugins in this interpreter.
#pragma once

#include <tuple>
#include <vector>

#include "hooks/python_environment.hpp"
#include "python.hpp"

namespace vdk {

// By distribution, sorted by its name; nothing is imported. `kept`: the path is the one with which
// the interpreter starts, so that what was found before still holds. Needs the interpreter lock.
[[nodiscard]] std::vector<PluginDistribution> entry_points(bool kept);

// The same of the path as it is now: (distribution, version, group, name, value) each.
[[nodiscard]] nb::list entry_points_in_python();

}  // namespace vdk
