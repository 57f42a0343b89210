// Properties and secrets of a job: which back end is used, write pre-processing, validation.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "state/state_kind.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk {

// Any thread may call once the types are added. No lock is held while a store or a factory is
// called.
class VDK_API StateRouter {
 public:
  using Factory = std::function<std::unique_ptr<KeyValueStore>()>;

  // `team` is empty where there is none. `memory` and `file` are registered from the start;
  // built-in `file` never changes what upstream would have chosen (specification: sdk 6.1). The
  // configuration is read at the first use.
  StateRouter(StateKind kind, const Configuration& configuration, std::string job_name,
              std::string team);

  void add(std::string_view type, Factory factory);  // by a plugin; case-sensitive
  // Comes with the program: counts only where somebody names it.
  void add_built_in(std::string_view type, Factory factory);
  // For a process that is no run: what is to be kept is kept, so `file` takes the place of
  // `memory`.
  void outlast_process();
  // The chosen type; throws Error (configuration) where the choice fails.
  [[nodiscard]] std::string chosen_type() const;
  // False where no back end can be used; every other call then throws Error (configuration) with
  // the reason.
  [[nodiscard]] bool available() noexcept;

  // Cached after the first read; a write clears the cache.
  [[nodiscard]] Value all();
  [[nodiscard]] Value get(std::string_view name, Value default_value = {});
  // Write pre-processors in sequence, then validation (specification: sdk 6.3), then the store.
  // Throws Error (user), and nothing is stored, where a key or value is not allowed.
  void set_all(Value map);

 private:
  // What serves calls: chosen and made at the first use, once.
  struct BackEnd {
    std::shared_ptr<KeyValueStore> store;
    std::vector<std::pair<std::string, std::shared_ptr<KeyValueStore>>> preprocessors;
    std::optional<ErrorText> failure;  // why there is no store
  };

  [[nodiscard]] BackEnd make_back_end() const;
  [[nodiscard]] std::unique_ptr<KeyValueStore> make_store(const std::string& type) const;
  [[nodiscard]] std::shared_ptr<const BackEnd> back_end();
  [[nodiscard]] std::shared_ptr<const BackEnd> usable_back_end();
  [[nodiscard]] std::string option(std::string_view name) const;  // "default_type" and so on
  [[nodiscard]] std::vector<std::string> types() const;
  [[nodiscard]] std::string chosen_by_configuration() const;
  [[nodiscard]] std::shared_ptr<const Value> cached();

  StateKind kind_;
  const Configuration& configuration_;
  std::string job_name_;
  std::string team_;
  std::map<std::string, Factory, std::less<>> factories_;
  std::set<std::string, std::less<>> built_in_;  // that upstream would not have counted
  bool outlasts_process_ = false;

  std::mutex mutex_;  // of what follows
  std::shared_ptr<const BackEnd> back_end_;
  std::shared_ptr<const Value> cache_;
  unsigned writes_ = 0;
};

// Declares the options of properties and secrets (specification: sdk 11).
void declare_state_options(ConfigurationBuilder& builder);

}  // namespace vdk
