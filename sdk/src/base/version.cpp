#include "vdk/base/version.hpp"

#include "base/build_info.hpp"

namespace vdk {

const char* version() noexcept { return kVersion.data(); }

}  // namespace vdk
