// What the configuration of the running job says about the Python side of its log.
#pragma once

#include <map>
#include <string>

#include "vdk/config/configuration.hpp"

namespace vdk {

struct RunSettings {
  std::map<std::string, std::string> logger_levels;  // by name: "INFO", "DEBUG", ...
  bool configures_logging = true;                    // log_config is not NONE
  std::string error_format = "pretty";               // log_exception_formatter
};

// Of the job that was initialized last: Python's logging, which asks for them, is one for the
// process too. Any thread.
[[nodiscard]] RunSettings run_settings();
void keep_run_settings(const Configuration& configuration);

}  // namespace vdk
