// Rows that stay objects of the language host, by reference, because a sink or a processor of that
// language takes part in their ingestion. The core counts and bounds them and keeps their order; it
// never looks into them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "vdk/base/export.hpp"

namespace vdk {

// Any thread may call, and drop them.
class VDK_API HostRows {
 public:
  HostRows() = default;
  virtual ~HostRows();
  HostRows(const HostRows&) = delete;
  HostRows& operator=(const HostRows&) = delete;

  [[nodiscard]] virtual std::size_t rows() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;  // estimated
  // As digest_rows(): equal for equal rows where the same job runs again. Not 0.
  [[nodiscard]] virtual std::uint64_t digest() const = 0;
  [[nodiscard]] virtual std::shared_ptr<HostRows> slice(std::size_t begin,
                                                        std::size_t count) const = 0;
};

}  // namespace vdk
