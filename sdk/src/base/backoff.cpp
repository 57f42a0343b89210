#include "vdk/base/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace vdk {

std::optional<std::chrono::milliseconds> Backoff::next() {
  if (++failed_ >= rules_.attempts) return std::nullopt;
  const double whole =
      std::min(static_cast<double>(rules_.first.count()) * std::pow(rules_.factor, failed_ - 1),
               static_cast<double>(rules_.longest.count()));
  thread_local std::minstd_rand engine{std::random_device{}()};
  std::uniform_real_distribution<double> between(whole / 2, whole);
  return std::chrono::milliseconds(std::llround(between(engine)));
}

}  // namespace vdk
