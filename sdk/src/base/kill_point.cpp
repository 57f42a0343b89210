#include "base/kill_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace vdk {
namespace {

struct Chosen {
  std::string name;
  std::atomic<long> left{1};

  Chosen() {
    const char* text = std::getenv("VDK_KILL_POINT");
    if (text == nullptr) return;
    name = text;
    const auto colon = name.find(':');
    if (colon == std::string::npos) return;
    left = std::strtol(name.c_str() + colon + 1, nullptr, 10);
    name.resize(colon);
  }
};

}  // namespace

void kill_point(std::string_view name) noexcept {
  static Chosen chosen;
  if (chosen.name.empty() || chosen.name != name) return;
  if (chosen.left.fetch_sub(1) == 1) std::raise(SIGKILL);
}

}  // namespace vdk
