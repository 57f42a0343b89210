// Properties and secrets are one mechanism under two names.
#pragma once

#include <string_view>

namespace vdk {

enum class StateKind { properties, secrets };

struct StateWords {
  std::string_view one;    // "property"
  std::string_view many;   // "properties": also prefix of options and name of the directory
  std::string_view title;  // "Properties"
};

[[nodiscard]] constexpr StateWords words_of(StateKind kind) noexcept {
  if (kind == StateKind::secrets) return {"secret", "secrets", "Secrets"};
  return {"property", "properties", "Properties"};
}

}  // namespace vdk
