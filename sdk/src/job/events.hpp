// A run as a sequence of events: one schema, many renderings (terminal view, --events, summary,
// notebook). The schema is documented in docs/run-events.md.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

struct Event {
  std::string_view type;  // "run_started", "step_started", "statement", "rows_committed",
                          // "step_ended", "run_ended", ...
  TimePoint time;
  Value fields;  // a map
};

// One line of JSON: type, time and fields.
[[nodiscard]] std::string to_json_line(const Event& event);

// Subscribers are called in order, under a lock, in the thread that emits. Any thread may emit.
class VDK_API EventStream {
 public:
  using Subscriber = std::function<void(const Event&)>;
  void subscribe(Subscriber subscriber);
  void emit(std::string_view type, Value fields);

 private:
  std::mutex mutex_;
  std::vector<Subscriber> subscribers_;
};

}  // namespace vdk
