#include "vdk/ingest/sink.hpp"

namespace vdk {

Sink::~Sink() = default;

}  // namespace vdk
