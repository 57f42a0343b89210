// Durations as Go writes them, which is what Kubernetes takes after `@every`: "1h30m", "1.5h".
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace vdk::service {

// Nothing where the text is no duration or one of more than 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace vdk::service
