// Arrow arrays read cell by cell: the parsed type of an array and the values of its buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/data/arrow.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

enum class ArrowKind {
  null,
  boolean,
  integer,
  half,
  single,
  real,
  bytes,        // 32-bit offsets
  large_bytes,  // 64-bit offsets
  bytes_view,
  fixed_bytes,
  decimal,
  date_days,
  date_milliseconds,
  time,
  timestamp,
  list,
  large_list,
  fixed_list,
  list_view,
  large_list_view,
  structure,
  map,
};

struct ArrowType {
  ArrowKind kind = ArrowKind::null;
  ColumnType stored =
      ColumnType::null;  // what a column of it becomes; single values may need another
  std::string name{};
  int width = 0;                // bytes of a value, or length of a fixed list
  bool is_signed = true;        // integer
  bool is_uuid = false;         // fixed_bytes
  int scale = 0;                // decimal
  std::int64_t per_second = 0;  // time, timestamp
  bool has_zone = false;        // timestamp
  std::vector<ArrowType> children{};
  std::unique_ptr<ArrowType> dictionary{};  // then this is the type of the indexes
};

// Throws Error (user) that names the column where it holds something that cannot be ingested.
[[nodiscard]] ArrowType parse_arrow_type(const ArrowSchema& schema);

// Rows are counted from the array's own offset. Values of null rows are not to be read.
[[nodiscard]] bool is_valid(const ArrowType& type, const ArrowArray& array, std::int64_t row);
[[nodiscard]] bool read_boolean(const ArrowArray& array, std::int64_t row);
// Integers (unsigned ones of 64 bits as their bits), dates, times and timestamps.
[[nodiscard]] std::int64_t read_integer(const ArrowType& type, const ArrowArray& array,
                                        std::int64_t row);
[[nodiscard]] double read_real(const ArrowType& type, const ArrowArray& array, std::int64_t row);
[[nodiscard]] std::string_view read_bytes(const ArrowType& type, const ArrowArray& array,
                                          std::int64_t row);
void append_decimal(std::string& out, const ArrowType& type, const ArrowArray& array,
                    std::int64_t row);

struct ListRange {
  std::int64_t begin;
  std::int64_t end;
};
[[nodiscard]] ListRange read_list(const ArrowType& type, const ArrowArray& array, std::int64_t row);

// The text of a time of day, of a timestamp to its last digit, and of a UUID.
void append_time_text(std::string& out, const ArrowType& type, std::int64_t value);
void append_timestamp_text(std::string& out, const ArrowType& type, std::int64_t value);
void append_uuid_text(std::string& out, std::string_view bytes);

// The cell as JSON, spaced as Python's json module does: bytes as a list of integers, dates and
// times as ISO strings, maps with text keys as objects, other maps as lists of pairs.
void append_json(std::string& out, const ArrowType& type, const ArrowArray& array,
                 std::int64_t row);

}  // namespace vdk
