// Columnar batches: the unit that travels from a job's rows to a sink. The memory layout is Arrow's, so a batch
// is handed to anything that speaks the Arrow C Data interface without copying.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/data/arrow.hpp"

namespace vdk {

// The types that rows of a job can have, from narrow to wide within a family. `null` fits every column.
enum class ColumnType {
  null,
  boolean,
  integer,    // int64
  real,       // double
  text,       // UTF-8
  binary,
  date,       // days since 1970-01-01
  timestamp,  // microseconds since the epoch, no zone
  timestamp_tz,  // microseconds since the epoch, UTC
  decimal,    // exact decimal as its text
  json,       // JSON text of a nested value or of an integer beyond 64 bits
};

[[nodiscard]] VDK_API std::string_view to_string(ColumnType type) noexcept;
// The narrowest type that holds every value of both: integer+real = real, anything+text = text, ...
[[nodiscard]] VDK_API ColumnType unite(ColumnType a, ColumnType b) noexcept;

struct Field {
  std::string name;
  ColumnType type = ColumnType::null;
  bool operator==(const Field&) const = default;
};
using Schema = std::vector<Field>;

// One column, owned, immutable once in a batch. Validity is one bit a row, least significant first; empty = no
// nulls. Fixed-width types use `values`; text, binary, decimal and json use `offsets` (rows + 1) into `values`.
struct Column {
  Field field;
  std::vector<std::uint8_t> validity{};
  std::vector<std::int64_t> offsets{};
  std::vector<std::uint8_t> values{};

  [[nodiscard]] bool is_null(std::size_t row) const noexcept;
  [[nodiscard]] bool boolean(std::size_t row) const noexcept;
  [[nodiscard]] std::int64_t integer(std::size_t row) const noexcept;  // also date, timestamp
  [[nodiscard]] double real(std::size_t row) const noexcept;
  [[nodiscard]] std::string_view bytes(std::size_t row) const noexcept;  // text, binary, decimal, json
};

class VDK_API Batch {
 public:
  Batch() = default;
  Batch(std::vector<Column> columns, std::size_t rows) : columns_(std::move(columns)), rows_(rows) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  [[nodiscard]] Schema schema() const;
  [[nodiscard]] std::size_t bytes() const noexcept;

  // Moves the batch into Arrow's C structs (a struct array of its columns); the receiver calls release.
  static void export_to_arrow(Batch batch, ArrowSchema* schema, ArrowArray* array);

 private:
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

}  // namespace vdk
