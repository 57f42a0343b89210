#pragma once

#include "vdk/base/export.hpp"

namespace vdk {

/// The version of libvdk, `MAJOR.MINOR.PATCH`, in static storage.
[[nodiscard]] VDK_API const char* version() noexcept;

}  // namespace vdk
