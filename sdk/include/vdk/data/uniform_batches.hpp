// Batches of one result, all of one schema, as Arrow streams have to be.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Takes batches from a function until it gives nothing. Columns whose type is known keep it; the
// others get the first batch's, or text where it has no value for them and more rows follow.
// Batches are converted where nothing is lost by it. A second thread is refused while one reads.
class VDK_API UniformBatches {
 public:
  using Next = std::function<std::optional<Batch>()>;
  // `columns`: their names, and their types as far as they are known (else null).
  UniformBatches(Next next, Schema columns) : next_(std::move(next)), schema_(std::move(columns)) {}

  [[nodiscard]] const Schema& schema();
  // Throws Error (user) that names the column where a later value does not fit its column's type.
  [[nodiscard]] std::optional<Batch> next();

 private:
  void look();
  [[nodiscard]] std::unique_lock<std::mutex> enter();

  Next next_;
  std::mutex busy_;
  Schema schema_;
  bool looked_ = false;
  std::optional<Batch> first_;
  std::optional<Batch> second_;
  std::size_t rows_ = 0;
};

// Fills the struct with a stream of the batches; the receiver calls release. Several streams share
// what is left: receivers open one for its schema and another for its rows.
VDK_API void export_stream(std::shared_ptr<UniformBatches> batches, ArrowArrayStream* out);

}  // namespace vdk
