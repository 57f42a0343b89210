// How patiently something is tried that may go well the next time.
#pragma once

#include <chrono>
#include <optional>

#include "vdk/base/export.hpp"

namespace vdk {

struct BackoffRules {
  int attempts = 5;  // in all
  std::chrono::milliseconds first{500};
  double factor = 3;
  std::chrono::milliseconds longest{15'000};
};

// The pauses between attempts: growing, bounded, and each drawn between half and the whole of its
// length, so that those who failed together do not come back together.
class VDK_API Backoff {
 public:
  explicit Backoff(BackoffRules rules = {}) : rules_(rules) {}
  // How long to wait after an attempt that failed; nothing where it was the last one.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next();

 private:
  BackoffRules rules_;
  int failed_ = 0;
};

}  // namespace vdk
