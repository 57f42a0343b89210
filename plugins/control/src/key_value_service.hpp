// Properties or secrets that the service keeps for jobs, as a store of `job_input`.
#pragma once

#include <memory>
#include <string>

#include "vdk/config/configuration.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk::control {

// `kind` is "properties" or "secrets". Throws Error (configuration) where no service is configured.
[[nodiscard]] std::unique_ptr<KeyValueStore> make_key_value_service(
    std::string kind, const Configuration& configuration);

}  // namespace vdk::control
