// Rejected rows, kept for a person: one JSON object a line in `<directory>/<table>.jsonl`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

class VDK_API DeadLetter {
 public:
  explicit DeadLetter(std::filesystem::path directory);  // empty: nothing is kept

  [[nodiscard]] bool keeps() const noexcept { return !directory_.empty(); }

  // Appends rows of a batch and returns once they are on disk. `first_row`: the number of the
  // batch's first row in the load. Throws Error (platform) where the file cannot be written.
  void append(const Load& load, const Batch& batch, std::span<const std::size_t> rows,
              std::int64_t first_row, std::string_view reason) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace vdk
