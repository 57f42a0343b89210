// The order of column types (see vdk/data/batch.hpp).
#pragma once

#include "vdk/data/batch.hpp"

namespace vdk {

// The next wider type; text is its own.
[[nodiscard]] constexpr ColumnType wider(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::null:
      return ColumnType::boolean;
    case ColumnType::boolean:
      return ColumnType::integer;
    case ColumnType::integer:
      return ColumnType::real;
    case ColumnType::real:
      return ColumnType::decimal;
    case ColumnType::decimal:
      return ColumnType::json;
    case ColumnType::date:
      return ColumnType::timestamp;
    case ColumnType::json:
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
    case ColumnType::binary:
    case ColumnType::text:
      return ColumnType::text;
  }
  return ColumnType::text;
}

// Bytes of one value; 0 for boolean (a bit), null (nothing) and types with offsets.
[[nodiscard]] constexpr std::size_t fixed_width(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::integer:
    case ColumnType::real:
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
      return 8;
    case ColumnType::date:
      return 4;
    default:
      return 0;
  }
}

[[nodiscard]] constexpr bool has_offsets(ColumnType type) noexcept {
  return type == ColumnType::text || type == ColumnType::binary || type == ColumnType::decimal ||
         type == ColumnType::json;
}

}  // namespace vdk
