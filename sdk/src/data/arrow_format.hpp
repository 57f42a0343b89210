// What both directions of the Arrow exchange know about its conventions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/data/arrow.hpp"

namespace vdk {

// Key of a field's metadata that keeps a column type which Arrow has no own type for: decimal and
// json travel as text.
inline constexpr std::string_view kTypeKey = "vdk.type";

// The binary form of ArrowSchema::metadata.
using ArrowMetadata = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string encode_metadata(const ArrowMetadata& metadata);
[[nodiscard]] ArrowMetadata decode_metadata(const char* metadata);

// Own a struct as Arrow's rules say: whoever holds it releases it, unless it was moved out.
struct OwnedSchema {
  ArrowSchema value{};
  OwnedSchema() = default;
  OwnedSchema(const OwnedSchema&) = delete;
  OwnedSchema& operator=(const OwnedSchema&) = delete;
  ~OwnedSchema() { reset(); }
  void reset() {
    if (value.release != nullptr) value.release(&value);
    value.release = nullptr;
  }
};

struct OwnedArray {
  ArrowArray value{};
  OwnedArray() = default;
  OwnedArray(const OwnedArray&) = delete;
  OwnedArray& operator=(const OwnedArray&) = delete;
  ~OwnedArray() { reset(); }
  void reset() {
    if (value.release != nullptr) value.release(&value);
    value.release = nullptr;
  }
};

}  // namespace vdk
