// Columnar batches: the unit that travels from a job's rows to a sink. The memory layout is
// Arrow's, so a batch is handed to anything that speaks the Arrow C Data interface without copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/data/arrow.hpp"

namespace vdk {

class HostRows;

// The types that rows of a job can have. Each has one next wider type, so any two meet in exactly
// one:
//
//   boolean < integer < real < decimal < json < text
//   date < timestamp < text      timestamp_tz < text      binary < text
//
// `null` is below all of them. A zoned and a naive timestamp meet in text, because to read one as
// the other would change what it says.
enum class ColumnType {
  null,
  boolean,
  integer,  // int64
  real,     // double
  text,     // UTF-8
  binary,
  date,          // days since 1970-01-01
  timestamp,     // microseconds since the epoch, no zone
  timestamp_tz,  // microseconds since the epoch, UTC
  decimal,       // exact decimal as its text; also NaN, Infinity, -Infinity
  json,          // JSON text of a nested value or of an integer beyond 64 bits
};

[[nodiscard]] VDK_API std::string_view to_string(ColumnType type) noexcept;
// The type in which both meet. Single values may need a wider one (2^53 + 1 is no double): see
// BatchBuilder.
[[nodiscard]] VDK_API ColumnType unite(ColumnType a, ColumnType b) noexcept;

struct Field {
  std::string name;
  ColumnType type = ColumnType::null;
  bool operator==(const Field&) const = default;
};
using Schema = std::vector<Field>;

// One column, owned, immutable once in a batch. Validity is one bit a row, least significant first;
// empty = no nulls. Fixed-width types use `values` (boolean one bit a row, date 4 bytes, others 8);
// text, binary, decimal and json use `offsets` (rows + 1) into `values`; null uses nothing. What a
// null row holds in `values` means nothing. Rows are not checked: `row` must be below the batch's
// rows, and the reader must fit the type.
struct Column {
  Field field;
  std::vector<std::uint8_t> validity{};
  std::vector<std::int64_t> offsets{};
  std::vector<std::uint8_t> values{};

  [[nodiscard]] bool is_null(std::size_t row) const noexcept {
    return field.type == ColumnType::null ||
           (!validity.empty() && (validity[row / 8] >> (row % 8) & 1) == 0);
  }
  [[nodiscard]] bool boolean(std::size_t row) const noexcept {
    return (values[row / 8] >> (row % 8) & 1) != 0;
  }
  [[nodiscard]] std::int64_t integer(std::size_t row) const noexcept {  // also date, timestamps
    return field.type == ColumnType::date ? fixed<std::int32_t>(row) : fixed<std::int64_t>(row);
  }
  [[nodiscard]] double real(std::size_t row) const noexcept { return fixed<double>(row); }
  // Of text, binary, decimal and json.
  [[nodiscard]] std::string_view bytes(std::size_t row) const noexcept {
    const auto begin = static_cast<std::size_t>(offsets[row]);
    const auto end = static_cast<std::size_t>(offsets[row + 1]);
    return {reinterpret_cast<const char*>(values.data()) + begin, end - begin};
  }

 private:
  template <class T>
  [[nodiscard]] T fixed(std::size_t row) const noexcept {
    T value;
    std::memcpy(&value, values.data() + row * sizeof(T), sizeof(T));
    return value;
  }
};

// What rows are cut into. It is a row group of DuckDB, the piece that one of its threads stores;
// other engines do not mind.
constexpr std::size_t kMostBatchRows = 122'880;

// Rows in columns. Copies share them. A batch that came from another library keeps its columns
// there until somebody reads them: what an engine takes as Arrow is handed on as it came. Any
// thread may read; the first reader of a column may wait for its conversion, which throws Error
// (user) where a value is out of range.
class VDK_API Batch {
 public:
  Batch();
  Batch(std::vector<Column> columns, std::size_t rows);
  // Rows of the language host: they count, and there are no columns.
  explicit Batch(std::shared_ptr<HostRows> rows);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  // Null where the batch has columns, as it does unless the host's language takes part.
  [[nodiscard]] const std::shared_ptr<HostRows>& host_rows() const noexcept;
  [[nodiscard]] const Schema& schema() const noexcept;
  [[nodiscard]] const Column& column(std::size_t index) const;
  [[nodiscard]] const std::vector<Column>& columns() const;
  // Whether the column is in another library's memory, as it came from there.
  [[nodiscard]] bool is_foreign(std::size_t index) const noexcept;
  [[nodiscard]] bool has_foreign() const noexcept;
  // The memory that it holds. What is another library's counts a quarter: mostly
  // it is there anyway. More once columns of another library were read.
  [[nodiscard]] std::size_t bytes() const noexcept;
  // The same, less most of what the caller holds in any case.
  [[nodiscard]] std::size_t bytes_while_unread() const noexcept;

  // Some of the columns, in that order; the same ones with other names.
  [[nodiscard]] Batch select(std::span<const std::size_t> columns) const;
  [[nodiscard]] Batch rename(std::span<const std::string> names) const;

  // Whether both export to equal Arrow schemas, so that they can be pieces of one stream.
  [[nodiscard]] bool exports_alike(const Batch& other) const;

  // The batch as Arrow's C structs (a struct array of its columns), which share its rows; the
  // receiver calls release.
  static void export_to_arrow(const Batch& batch, ArrowSchema* schema, ArrowArray* array);

  struct State;
  explicit Batch(std::shared_ptr<const State> state);
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<const State> state_;  // never null
  std::size_t rows_ = 0;
};

}  // namespace vdk
