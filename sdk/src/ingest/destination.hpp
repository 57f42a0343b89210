// Destinations as the ingestion tells them apart and names them.
#pragma once

#include <string>

#include "vdk/ingest/sink.hpp"

namespace vdk {

// Whether rows for both go through one lane: only the collection ids may differ.
[[nodiscard]] bool share_lane(const Destination& one, const Destination& other) noexcept;

// Equal for destinations that share a lane, and for no others.
[[nodiscard]] std::string lane_key(const Destination& destination);

[[nodiscard]] std::string in_words(const Destination& destination);

}  // namespace vdk
