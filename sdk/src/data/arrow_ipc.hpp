// Batches as an Arrow IPC stream, which every Arrow library reads.
#pragma once

#include <functional>
#include <string_view>

#include "vdk/data/batch.hpp"

namespace vdk {

// Writes to a function, one message at a time: the schema at once, then batches of that schema,
// then the end. Decimals and JSON are texts that name their type in the field's metadata, as
// elsewhere.
class ArrowIpcWriter {
 public:
  using Out = std::function<void(std::string_view bytes)>;
  ArrowIpcWriter(const Schema& schema, Out out);
  void write(const Batch& batch);
  void finish();

 private:
  Out out_;
};

}  // namespace vdk
