#include "schedule/clock.hpp"

#include <ctime>

namespace vdk::service {

TimePoint SystemClock::now() const { return std::chrono::system_clock::now(); }

std::chrono::nanoseconds SystemClock::elapsed() const {
  std::timespec time{};
#ifdef CLOCK_BOOTTIME
  clock_gettime(CLOCK_BOOTTIME, &time);
#else
  clock_gettime(CLOCK_MONOTONIC, &time);
#endif
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace vdk::service
