// The commands and options of the program as pages: what `vdk man` and `vdk reference` print.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace vdk {

// A manual page in roff: of the program (vdk.1), of a command (vdk-run.1).
[[nodiscard]] std::string man_page(const std::vector<Command>& commands);
[[nodiscard]] std::string man_page(const Command& command);

// Markdown: every command with its arguments, options and examples; every option of the
// configuration by its key.
[[nodiscard]] std::string command_reference(const std::vector<Command>& commands);
[[nodiscard]] std::string option_reference(const Configuration& configuration);

}  // namespace vdk
