#include "vdk/connection/driver.hpp"

namespace vdk {

ResultStream::~ResultStream() = default;

void ResultStream::drain() {
  std::vector<Value> row;
  while (next(row)) {
  }
}

DriverConnection::~DriverConnection() = default;

LiteralStyle DriverConnection::literal_style() const noexcept { return LiteralStyle::unknown; }

}  // namespace vdk
