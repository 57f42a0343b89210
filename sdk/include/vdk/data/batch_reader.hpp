// Rows that come one batch after another, and where they go: what files of a format are read and
// written by.
#pragma once

#include <optional>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Reads forward once, in bounded memory. Not for use from two threads at a time.
class VDK_API BatchReader {
 public:
  virtual ~BatchReader();
  // The next rows, at least one; nothing at the end. Throws Error (user) where the source is wrong.
  [[nodiscard]] virtual std::optional<Batch> next() = 0;
  // How much of the source is behind the batches that next() returned: 0 to 1, negative where
  // nobody knows.
  [[nodiscard]] virtual double progress() const noexcept;
};

// Takes batches of any schemas. Not for use from two threads at a time.
class VDK_API BatchWriter {
 public:
  virtual ~BatchWriter();
  virtual void write(const Batch& batch) = 0;
  // Writes what is left; what was written is whole only after this.
  virtual void finish() = 0;
};

}  // namespace vdk
