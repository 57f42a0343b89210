#include "ingest/fork_guard.hpp"

#include <pthread.h>

#include <atomic>

namespace vdk {
namespace {

// How many forks lie between the program's first process and this one.
std::atomic<std::uint64_t> generation{0};

}  // namespace

ForkGuard::ForkGuard() {
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  generation_ = generation.load(std::memory_order_relaxed);
}

bool ForkGuard::in_child() const noexcept {
  return generation.load(std::memory_order_relaxed) != generation_;
}

}  // namespace vdk
