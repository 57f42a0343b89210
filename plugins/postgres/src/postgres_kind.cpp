#include "postgres_kind.hpp"

namespace vdk::postgres {

Kind kind_of(Oid type, char sort, bool is_array) noexcept {
  switch (type) {
    case 16:
      return Kind::boolean;
    case 17:
      return Kind::bytea;
    case 20:
      return Kind::int8;
    case 21:
      return Kind::int2;
    case 23:
      return Kind::int4;
    case 25:    // text
    case 1042:  // character
    case 1043:  // character varying
      return Kind::text;
    case 114:
      return Kind::json;
    case 700:
      return Kind::float4;
    case 701:
      return Kind::float8;
    case 1082:
      return Kind::date;
    case 1114:
      return Kind::timestamp;
    case 1184:
      return Kind::timestamptz;
    case 1700:
      return Kind::numeric;
    case 2950:
      return Kind::uuid;
    case 3802:
      return Kind::jsonb;
    default:
      if (sort == 'e') return Kind::text;  // an enumeration travels as its label
      return is_array ? Kind::array : Kind::other;
  }
}

ColumnType family_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::boolean:
      return ColumnType::boolean;
    case Kind::int2:
    case Kind::int4:
    case Kind::int8:
      return ColumnType::integer;
    case Kind::float4:
    case Kind::float8:
      return ColumnType::real;
    case Kind::numeric:
      return ColumnType::decimal;
    case Kind::bytea:
      return ColumnType::binary;
    case Kind::date:
      return ColumnType::date;
    case Kind::timestamp:
      return ColumnType::timestamp;
    case Kind::timestamptz:
      return ColumnType::timestamp_tz;
    case Kind::json:
    case Kind::jsonb:
      return ColumnType::json;
    case Kind::text:
    case Kind::uuid:
    case Kind::array:
    case Kind::other:
      return ColumnType::text;
  }
  return ColumnType::text;
}

}  // namespace vdk::postgres
