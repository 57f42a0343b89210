#include "vdk/ingest/sink.hpp"

#include <numeric>

namespace vdk {

std::int64_t WriteResult::rows_rejected() const noexcept {
  return std::accumulate(
      rejected.begin(), rejected.end(), std::int64_t{0},
      [](std::int64_t sum, const Rejection& rejection) { return sum + rejection.rows; });
}

std::string_view to_string(Delivery delivery) noexcept {
  switch (delivery) {
    case Delivery::exactly_once:
      return "exactly once";
    case Delivery::at_least_once:
      return "at least once";
    case Delivery::idempotent:
      return "idempotent";
    case Delivery::once:
      return "once, unretried";
  }
  return "unknown";
}

Sink::~Sink() = default;

LoadPosition Sink::begin_load(const Load&) { return {}; }

bool Sink::holds_back() const { return false; }

bool Sink::needs_table() const { return false; }
bool Sink::takes_arrow() const { return false; }
std::size_t Sink::row_group() const { return 1; }

void Sink::end_load() {}

std::string Sink::delivery_note() const { return {}; }

}  // namespace vdk
