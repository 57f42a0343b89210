// What `vdk config-help` and `vdk config JOB` print.
#pragma once

#include <string>

#include "vdk/base/value.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

// Every declared option with its description: names padded to 40 columns, descriptions wrapped
// at 60.
[[nodiscard]] std::string config_help_text(const Configuration& configuration);
// {"providers": [{name, description}], "options": [{section, key, type, default, description,
// sensitive, variable}]}.
[[nodiscard]] Value config_help_json(const Configuration& configuration);

// Each option that somebody set (or, with `everything`, each one): its value, where it came from
// and what it overrode. Sensitive values are shown as `***`.
[[nodiscard]] std::string explain_text(const Configuration& configuration, bool everything = false);
// [{section, key, value, origin, where, sensitive, overrode: [{value, origin, where}]}], the last
// overridden first.
[[nodiscard]] Value explain_json(const Configuration& configuration, bool everything = false);

}  // namespace vdk
