// What a batch is made of: columns of its own, and such that still are another library's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/data/batch.hpp"

namespace vdk {

// A piece of one column in another library's memory, which it keeps alive. Any thread.
class ForeignColumn {
 public:
  ForeignColumn() = default;
  virtual ~ForeignColumn() = default;
  ForeignColumn(const ForeignColumn&) = delete;
  ForeignColumn& operator=(const ForeignColumn&) = delete;

  // As ours; its type is the one that the batch's schema says.
  [[nodiscard]] virtual Column read() const = 0;
  // As it came, but for the name.
  virtual void export_to_arrow(std::string_view name, ArrowSchema* schema,
                               ArrowArray* array) const = 0;
  [[nodiscard]] virtual std::string_view format() const = 0;  // Arrow's
  [[nodiscard]] virtual std::uint64_t digest(std::uint64_t seed) const = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;
};

struct Batch::State {
  Schema schema;
  std::size_t rows = 0;
  std::shared_ptr<HostRows> host;
  std::vector<std::shared_ptr<const ForeignColumn>> foreign;  // null for columns of its own
  bool held_elsewhere = false;  // the memory of foreign columns would not be free without the batch

  // Columns that were not read yet are empty. Guarded by `reading` where there are foreign ones.
  mutable std::vector<Column> columns;
  mutable std::vector<bool> read;
  mutable std::mutex reading;

  mutable std::atomic<std::uint64_t> digest{0};  // of all rows; 0 until somebody asked
};

}  // namespace vdk
