// The types of a table's columns, as far as rows travel to them in different ways.
#pragma once

#include <libpq-fe.h>

#include "vdk/data/batch.hpp"

namespace vdk::postgres {

// What a table's column takes, among the types that can be sent in binary.
enum class Kind {
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  numeric,
  text,  // also varchar, char and enumerations
  bytea,
  date,
  timestamp,
  timestamptz,
  json,
  jsonb,
  uuid,
  array,  // sent as text, like all others
  other,
};

// `type`: what a domain stands for; `sort`: its pg_type.typtype.
[[nodiscard]] Kind kind_of(Oid type, char sort, bool is_array) noexcept;
// The widest of our types whose values the kind stores; text where only the server can tell.
[[nodiscard]] ColumnType family_of(Kind kind) noexcept;

}  // namespace vdk::postgres
