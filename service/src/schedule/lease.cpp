#include "schedule/lease.hpp"

#include <algorithm>
#include <utility>

namespace vdk::service {

Lease::Lease(LeaseStore& store, const Clock& clock, std::string name, std::string holder,
             std::chrono::milliseconds duration)
    : store_(store),
      clock_(clock),
      name_(std::move(name)),
      holder_(std::move(holder)),
      duration_(duration),
      ask_at_(clock.elapsed()) {}

std::optional<FencingToken> Lease::maintain() {
  const std::chrono::nanoseconds now = clock_.elapsed();
  if (now >= ask_at_) {
    ask_at_ = now + duration_ / 3;  // also after an error: the caller's errors are not a hurry
    token_ = store_.acquire(name_, holder_, duration_);
    valid_until_ = now + duration_;
  }
  return held();
}

std::optional<FencingToken> Lease::held() const {
  return clock_.elapsed() < valid_until_ ? token_ : std::nullopt;
}

std::chrono::nanoseconds Lease::until_due() const {
  return std::max(std::chrono::nanoseconds(0), ask_at_ - clock_.elapsed());
}

void Lease::release() {
  if (!token_) return;
  token_.reset();
  store_.release(name_, holder_);
}

}  // namespace vdk::service
