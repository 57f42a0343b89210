// Batches as one stream of Arrow's C interface.
#pragma once

#include <memory>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/data/arrow.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Batches of one schema, not none, which the stream shares: taken by DuckDB, pyarrow and polars
// without a copy of what is another library's. Small batches of ours become larger ones, up to
// kMostBatchRows, which DuckDB shares out among its threads. One thread at a time reads the stream.
VDK_API void export_stream(std::shared_ptr<const std::vector<Batch>> batches,
                           ArrowArrayStream* stream);

}  // namespace vdk
