// Batches as Python objects that speak Arrow.
#pragma once

#include <memory>
#include <vector>

#include "python.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Batches of one schema, not none, with __arrow_c_stream__: taken by DuckDB, pyarrow and polars
// without copying the rows of other libraries; small batches become larger ones, which DuckDB
// shares out among its threads. The stream may be opened many times, and read without the
// interpreter lock.
class ArrowBatches {
 public:
  explicit ArrowBatches(std::vector<Batch> batches)
      : batches_(std::make_shared<const std::vector<Batch>>(std::move(batches))) {}
  static void bind(nb::module_& module);
  [[nodiscard]] nb::object arrow_c_stream(nb::handle requested_schema) const;

 private:
  std::shared_ptr<const std::vector<Batch>> batches_;
};

}  // namespace vdk
