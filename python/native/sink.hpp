// Ingest methods of the Python host.
#pragma once

#include <memory>
#include <string>

#include "hooks/plugin_index.hpp"
#include "python.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// A batch for Python, with __arrow_c_stream__: taken by DuckDB, pyarrow and polars without copying
// rows.
class ArrowBatch {
 public:
  explicit ArrowBatch(std::shared_ptr<const Batch> batch) : batch_(std::move(batch)) {}
  [[nodiscard]] nb::object arrow_c_stream(nb::handle requested_schema) const;
  [[nodiscard]] std::size_t rows() const noexcept { return batch_->rows(); }

 private:
  std::shared_ptr<const Batch> batch_;
};

// DuckDB through the environment's own module.
[[nodiscard]] SinkFactory duckdb_sink_factory();

// The native sink with the copy of SQLite that the interpreter's own module uses, or, where others
// cannot call that copy, a sink through the module itself: two copies in a process would lose the
// locks of a file.
[[nodiscard]] SinkFactory sqlite_sink_factory(SinkFactory native);

}  // namespace vdk
