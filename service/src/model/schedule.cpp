#include "model/schedule.hpp"

#include <array>
#include <utility>

namespace vdk::service {

namespace {

constexpr std::array<std::pair<Overlap, std::string_view>, 3> kOverlaps = {
    {{Overlap::forbid, "forbid"}, {Overlap::allow, "allow"}, {Overlap::replace, "replace"}}};

}  // namespace

std::string_view to_string(Overlap overlap) noexcept {
  for (const auto& [known, name] : kOverlaps) {
    if (known == overlap) return name;
  }
  return "forbid";
}

std::optional<Overlap> parse_overlap(std::string_view name) noexcept {
  for (const auto& [overlap, known] : kOverlaps) {
    if (known == name) return overlap;
  }
  return std::nullopt;
}

}  // namespace vdk::service
