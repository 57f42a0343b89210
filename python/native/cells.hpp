// Values of Python rows on their way into columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "python.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk {

enum class ScalarKind : std::uint8_t {
  null,
  boolean,
  integer,
  big_integer,  // its decimal digits
  real,
  text,
  binary,
  date,          // days since 1970-01-01
  timestamp,     // microseconds since the epoch, no zone
  timestamp_tz,  // microseconds since the epoch, UTC
  decimal,       // its text
  nested,        // dict, list, tuple
  unknown,
};

// One value, read completely: a thread without the interpreter lock may use it while `owner` lives.
struct Scalar {
  ScalarKind kind = ScalarKind::null;
  std::int64_t integer = 0;
  double real = 0;
  nb::object owner{};  // keeps `view` alive
  std::string_view view{};
  std::string own{};  // text that no Python object holds
  bool owns = false;

  [[nodiscard]] std::string_view text() const noexcept {
    return owns ? std::string_view(own) : view;
  }
};

// How dates and times travel: by their value, or as text for stores without a type for them.
enum class Temporal {
  typed,
  iso_text,        // str(value): a blank between day and time
  iso_text_with_t  // isoformat()
};

// What the destination asks of values.
struct CellRules {
  Temporal temporal = Temporal::typed;
  bool nan_is_null =
      false;  // SQLite knows no NaN, and in a DataFrame it stands for a missing value
};

// Reads any object; `nested` and `unknown` ones are only classified. Dates, decimals, UUIDs, byte
// strings, pandas' and NumPy's scalars are known without importing their modules. Needs the
// interpreter lock.
[[nodiscard]] Scalar read_scalar(nb::handle object);

// Appends a value to a column of the row at hand; nested values become JSON text. Throws Python's
// TypeError that names the type where it has no place in a table. Needs the interpreter lock.
void append_object(BatchBuilder& builder, std::size_t column, nb::handle object,
                   const CellRules& rules);

// Appends a row of a dict whose names are texts and whose values are of everyday types, without
// running any Python code; false, with a part of the row appended, where it is none such. Needs the
// interpreter lock.
[[nodiscard]] bool append_plain_row(BatchBuilder& builder, nb::handle dict, const CellRules& rules);

// One row, read completely before any of it is appended. Reading needs the interpreter lock,
// appending does not.
class RowCells {
 public:
  // Reads a dict. Throws Python's TypeError as append_object does.
  void read(nb::handle dict, const CellRules& rules);
  void append_to(BatchBuilder& builder) const;
  // The column that reading came to; empty before the first.
  [[nodiscard]] std::string_view column() const noexcept;
  void clear() noexcept { cells_.clear(); }  // needs the lock

 private:
  struct Cell {
    nb::object name_owner;
    std::string_view name;
    Scalar value;
  };
  std::vector<Cell> cells_;
};

}  // namespace vdk
