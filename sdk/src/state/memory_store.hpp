// The back end `memory`: what is written lives as long as the run.
#pragma once

#include <mutex>

#include "state/state_kind.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk {

// One map, whatever the job: a store belongs to one job. The first write warns that nothing will
// remain.
class MemoryStore : public KeyValueStore {
 public:
  explicit MemoryStore(StateKind kind) : kind_(kind) {}
  [[nodiscard]] Value read(std::string_view job, std::string_view team) override;
  Value write(std::string_view job, std::string_view team, const Value& map) override;

 private:
  StateKind kind_;
  std::mutex mutex_;
  Value map_{Value::Map{}};
  bool warned_ = false;
};

}  // namespace vdk
