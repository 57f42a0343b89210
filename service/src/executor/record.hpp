// Small facts that survive a full disk and a killed writer: JSON texts in files of a fixed size,
// whose room is taken before it is needed.
#pragma once

#include <filesystem>
#include <optional>

#include "vdk/base/value.hpp"

namespace vdk::service {

inline constexpr std::size_t kRecordBytes = 8192;

// Takes the room; there is no fact in it yet. Throws Error (platform).
void reserve_record(const std::filesystem::path& path);

// Writes the fact over what is there. Long texts in it are cut until it fits. False where the
// system does not let it, with the reason in errno.
[[nodiscard]] bool write_record(const std::filesystem::path& path, Value fact,
                                bool survive_power_failure);

// Nothing where there is no fact, or only the beginning of one.
[[nodiscard]] std::optional<Value> read_record(const std::filesystem::path& path);

}  // namespace vdk::service
