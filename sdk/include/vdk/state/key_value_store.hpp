// Where properties and secrets live. Both have the same shape: one map of JSON values a job.
#pragma once

#include <string>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

// Values are maps (Value::Map). Implementations may be called from any thread.
class VDK_API KeyValueStore {
 public:
  virtual ~KeyValueStore();
  // The stored map; an empty one where nothing was stored yet.
  [[nodiscard]] virtual Value read(std::string_view job, std::string_view team) = 0;
  // Replaces everything, atomically: after a crash there is the old map or the new one. Returns the
  // map as it was taken: of a write pre-processor, what the next one gets.
  virtual Value write(std::string_view job, std::string_view team, const Value& map) = 0;
};

}  // namespace vdk
