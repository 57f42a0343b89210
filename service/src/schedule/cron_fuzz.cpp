// Reading a cron expression never crashes, what is read has times, and these keep the order of time
// and agree with each other.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schedule/cron.hpp"
#include "schedule/time_zone.hpp"
#include "vdk/base/error.hpp"

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

// The first byte chooses zone and moment; the rest is the expression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using std::chrono::seconds;
  using std::chrono::sys_seconds;
  if (size == 0) return 0;
  const std::string_view expression(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool summer_time = (data[0] & 1U) != 0;
  const sys_seconds after{seconds(1'700'000'000 + data[0] * 1'234'567)};
  try {
    const auto cron =
        vdk::service::Cron::parse(expression, summer_time ? "Australia/Lord_Howe" : "");
    const auto first = cron.next(after);
    require(first.has_value() || summer_time);  // a zone may leave every time of it out
    if (!first) return 0;
    require(*first > after);
    require(cron.latest(after, *first) == first);
    require(!cron.latest(after, *first - seconds(1)));
    const auto second = cron.next(*first);
    require(!second || *second > *first);
    if (second) require(cron.latest(after, *second) == second);
  } catch (const vdk::Error& error) {
    require(error.resolvable_by() == vdk::ResolvableBy::user);
    require(error.place() && error.place()->text == expression);
    require(error.place()->offset <= expression.size());
  }
  return 0;
}
