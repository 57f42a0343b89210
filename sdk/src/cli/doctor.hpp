// Everything that can be known about an installation and a job without running anything.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.hpp"

namespace vdk {

enum class Concern {
  fact,       // as it should be
  note,       // good to know
  attention,  // something will not work, or not as its author thinks
};
[[nodiscard]] std::string_view to_string(Concern concern) noexcept;

struct Finding {
  Concern concern = Concern::fact;
  std::string subject;  // "interpreter", "plugins", "configuration", ...
  std::string text;
  std::string remedy{};  // of what needs attention
};

// Examines the installation, and the job where a directory is given. `settings` are those of -c.
// Throws nothing that a person could mend: that is a finding.
[[nodiscard]] std::vector<Finding> examine(Program& program,
                                           const std::optional<std::filesystem::path>& job,
                                           const std::vector<std::string>& settings);

}  // namespace vdk
