#include "job/events.hpp"

namespace vdk {

std::string to_json_line(const Event& event) {
  Value line;
  line.set("type", event.type);
  line.set("time", to_iso8601(event.time));
  if (const Value::Map* fields = event.fields.if_map()) {
    for (const Member& field : *fields) line.set(field.key, field.value);
  }
  return to_json(line) + '\n';
}

void EventStream::subscribe(Subscriber subscriber) {
  const std::lock_guard lock(mutex_);
  subscribers_.push_back(std::move(subscriber));
}

void EventStream::emit(std::string_view type, Value fields) {
  const std::lock_guard lock(mutex_);
  if (subscribers_.empty()) return;
  const Event event{type, std::chrono::system_clock::now(), std::move(fields)};
  for (const Subscriber& subscriber : subscribers_) subscriber(event);
}

}  // namespace vdk
