#include "data/lattice.hpp"

namespace vdk {

std::string_view to_string(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::null:
      return "null";
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::integer:
      return "integer";
    case ColumnType::real:
      return "real";
    case ColumnType::text:
      return "text";
    case ColumnType::binary:
      return "binary";
    case ColumnType::date:
      return "date";
    case ColumnType::timestamp:
      return "timestamp";
    case ColumnType::timestamp_tz:
      return "timestamp with time zone";
    case ColumnType::decimal:
      return "decimal";
    case ColumnType::json:
      return "json";
  }
  return "unknown";
}

ColumnType unite(ColumnType a, ColumnType b) noexcept {
  if (a == ColumnType::null) return b;
  if (b == ColumnType::null) return a;
  for (;; a = wider(a)) {
    for (ColumnType candidate = b;; candidate = wider(candidate)) {
      if (candidate == a) return a;
      if (candidate == ColumnType::text) break;
    }
  }
}

}  // namespace vdk
