#include "model/job.hpp"

#include <algorithm>

namespace vdk::service {

bool is_job_name(std::string_view name) noexcept {
  if (name.size() < 6 || name.size() > 50) return false;
  if (name.front() < 'a' || name.front() > 'z' || name.back() == '-') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace vdk::service
