#include "ingest/destination.hpp"

#include <fmt/format.h>

namespace vdk {

bool share_lane(const Destination& one, const Destination& other) noexcept {
  return one.table == other.table && one.target == other.target && one.method == other.method;
}

std::string lane_key(const Destination& destination) {
  std::string key = destination.method;
  key += '\0';
  key += destination.target;
  key += '\0';
  key += destination.table;
  return key;
}

std::string in_words(const Destination& destination) {
  const std::string table =
      destination.table.empty() ? std::string("no named table") : "table " + destination.table;
  if (destination.target.empty()) return fmt::format("{} by {}", table, destination.method);
  return fmt::format("{} of {} by {}", table, destination.target, destination.method);
}

}  // namespace vdk
