// Rows that another library offers through the Arrow C interfaces (pyarrow, polars, pandas,
// DuckDB), as batches.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Reads a stream of struct arrays, or a single one, in pieces of about `batch_bytes` and at most
// kMostBatchRows, so that one huge table does not become one huge batch. Nothing is rounded:
// unsigned integers beyond 64 bits become json, timestamps finer than microseconds become text.
// Times of day become text; dictionaries their values; lists, structs and maps JSON. Not for use
// from two threads at a time.
class VDK_API ArrowBatchReader {
 public:
  static constexpr std::size_t kBatchBytes = std::size_t{32} << 20U;

  // Both take the structs over, whatever happens. Throw Error (user) where a column's type cannot
  // be ingested, where two columns have one name, or where the stream itself fails.
  explicit ArrowBatchReader(ArrowArrayStream* stream, std::size_t batch_bytes = kBatchBytes);
  // The same of a table that its owner holds in memory as a whole, whether batches of it wait or
  // not (Batch::bytes_while_unread).
  static ArrowBatchReader of_table(ArrowArrayStream* stream);
  ArrowBatchReader(ArrowSchema* schema, ArrowArray* array, std::size_t batch_bytes = kBatchBytes);
  ~ArrowBatchReader();
  ArrowBatchReader(ArrowBatchReader&&) noexcept;
  ArrowBatchReader& operator=(ArrowBatchReader&&) noexcept;

  // The next rows; nothing at the end. Throws Error (user) where the stream fails or a value is out
  // of range.
  [[nodiscard]] std::optional<Batch> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk
