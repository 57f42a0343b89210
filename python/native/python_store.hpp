// Properties and secrets in back ends of Python plugins.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "python.hpp"
#include "state/state_kind.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk {

// The factory of a back end: `factory` is a callable that gives an IPropertiesServiceClient, or an
// ISecretsServiceClient. Needs the interpreter lock; what it returns takes it.
[[nodiscard]] std::function<std::unique_ptr<KeyValueStore>()> python_store_factory(
    StateKind kind, nb::object factory);

}  // namespace vdk
