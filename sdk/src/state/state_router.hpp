// Properties and secrets of a job: which back end is used, write pre-processing, validation.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk {

enum class StateKind { properties, secrets };

class VDK_API StateRouter {
 public:
  using Factory = std::function<std::unique_ptr<KeyValueStore>()>;

  // `team` is empty where there is none. `memory` and `file` are registered from the start; built-in `file` never changes what
  // upstream would have chosen (specification: sdk 6.1).
  StateRouter(StateKind kind, const Configuration& configuration, std::string job_name, std::string team);

  void add(std::string_view type, Factory factory);  // by a plugin; case-sensitive
  // The chosen type; throws Error (configuration) where the choice fails.
  [[nodiscard]] std::string chosen_type() const;
  [[nodiscard]] bool available() const noexcept;

  // Cached after the first read; a write clears the cache.
  [[nodiscard]] const Value& all();
  [[nodiscard]] Value get(std::string_view name, Value default_value = {});
  // Write pre-processors in sequence, then validation (specification: sdk 6.3), then the store. Throws Error (user), and
  // nothing is stored, where a key or value is not allowed.
  void set_all(Value map);

 private:
  StateKind kind_;
  const Configuration& configuration_;
  std::string job_name_;
  std::string team_;
  std::map<std::string, Factory> factories_;
  std::unique_ptr<KeyValueStore> store_;
  std::vector<std::unique_ptr<KeyValueStore>> preprocessors_;
  std::unique_ptr<Value> cache_;
};

// Declares the options of properties and secrets (specification: sdk 11).
void declare_state_options(ConfigurationBuilder& builder);

}  // namespace vdk
