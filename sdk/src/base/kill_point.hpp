// Named places at which a test can have the process killed, to prove what a promise about data is
// worth: VDK_KILL_POINT=NAME[:N] ends the process by SIGKILL the N-th time that it comes there.
#pragma once

#include <string_view>

namespace vdk {

void kill_point(std::string_view name) noexcept;

}  // namespace vdk
