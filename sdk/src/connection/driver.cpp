#include "vdk/connection/driver.hpp"

namespace vdk {

ResultStream::~ResultStream() = default;
DriverConnection::~DriverConnection() = default;

}  // namespace vdk
