// PostgreSQL's values in their text form, as the core's.
#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "vdk/base/value.hpp"

namespace vdk::postgres {

// The server's name of a built-in type, "integer" or "text[]"; empty for types of users.
[[nodiscard]] std::string type_name(Oid type);

// Numbers, booleans and text; bytea as hexadecimal, all else (also numeric, which no other number
// holds exactly) in the server's own text.
[[nodiscard]] Value to_value(Oid type, std::string_view text);

}  // namespace vdk::postgres
