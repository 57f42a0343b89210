// Time as the service sees it: an edge, so that a test can hold it, move it and let it jump.
#pragma once

#include <chrono>

#include "base/clock.hpp"  // IWYU pragma: export

namespace vdk::service {

class Clock {
 public:
  virtual ~Clock() = default;

  // The time of day. It may jump either way: people and time servers set it.
  [[nodiscard]] virtual TimePoint now() const = 0;

  // Time since some fixed moment. It never goes back, nobody sets it, and it goes on while the
  // process is stopped or the machine sleeps: what a lease is measured by.
  [[nodiscard]] virtual std::chrono::nanoseconds elapsed() const = 0;
};

// The machine's clocks. Any thread may ask.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] std::chrono::nanoseconds elapsed() const override;
};

}  // namespace vdk::service
