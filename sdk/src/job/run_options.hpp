// The options of a run that are the job room's own: termination file, summary, ids, log format.
#pragma once

#include "vdk/config/configuration.hpp"

namespace vdk {

// Declares the options that this room adds to those of the specification (sdk 11).
void declare_run_options(ConfigurationBuilder& builder);

}  // namespace vdk
