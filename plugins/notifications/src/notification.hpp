// What is told of a run, and to whom.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "mail.hpp"
#include "vdk/base/error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::notifications {

struct Outcome {
  std::string job;
  std::string op_id;
  bool failed = false;
  ResolvableBy resolvable_by = ResolvableBy::platform;
  std::string error{};  // in the words that the user gets to see
  std::chrono::system_clock::time_point end{};
};

// Nothing where the configuration names nobody for this outcome.
[[nodiscard]] std::optional<Mail> compose(const Configuration& configuration,
                                          const Outcome& outcome);

// The pattern with {op_id}, {start_time_ms} (a day before the end) and {end_time_ms} (an hour after
// it) filled in.
[[nodiscard]] std::string log_link(std::string pattern, const Outcome& outcome);

}  // namespace vdk::notifications
