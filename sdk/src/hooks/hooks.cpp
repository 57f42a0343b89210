#include "vdk/hooks/hooks.hpp"

#include <atomic>

#include "vdk/hooks/plugin.hpp"

namespace vdk {

std::uint64_t detail::next_registration() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

HookDispatcher::HookDispatcher() = default;
HookDispatcher::~HookDispatcher() = default;

Contributions::~Contributions() = default;
Plugin::~Plugin() = default;

}  // namespace vdk
