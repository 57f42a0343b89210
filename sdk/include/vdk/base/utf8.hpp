#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

// The byte offset of the first byte that is not UTF-8, or nothing.
[[nodiscard]] VDK_API std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept;

}  // namespace vdk
