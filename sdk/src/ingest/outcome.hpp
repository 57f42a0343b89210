// What went wrong since the last barrier of an ingestion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "vdk/ingest/sink.hpp"

namespace vdk {

// Filled by the committers, emptied by the barrier; any thread may call.
class Outcome {
 public:
  struct Sum {
    std::exception_ptr first_failure;
    std::size_t failures = 0;
    std::vector<std::pair<Destination, Rejection>> rejections;
    std::int64_t rejected_rows = 0;  // of the whole run
  };

  void fail(const std::exception_ptr& failure) {
    const std::lock_guard lock(mutex_);
    ++sum_.failures;
    if (!sum_.first_failure) sum_.first_failure = failure;
  }

  void reject(const Destination& destination, const std::vector<Rejection>& rejections) {
    const std::lock_guard lock(mutex_);
    for (const Rejection& rejection : rejections) {
      sum_.rejected_rows += rejection.rows;
      sum_.rejections.emplace_back(destination, rejection);
    }
  }

  // All of it; what follows counts towards the next barrier.
  [[nodiscard]] Sum take() {
    const std::lock_guard lock(mutex_);
    Sum taken = std::exchange(sum_, {});
    sum_.rejected_rows = taken.rejected_rows;
    return taken;
  }

 private:
  std::mutex mutex_;
  Sum sum_;
};

}  // namespace vdk
