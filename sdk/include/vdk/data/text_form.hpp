// The text that a value has where it is stored as text. One place for the core and every sink, so a
// value reads the same whether a column became text while rows were gathered or because the table's
// column is text.
//
// Numbers and booleans read as Python's str() has them (True, 1e+16, 0.1, nan), bytes too
// (b'a\x00'); dates and times are ISO 8601; decimals and JSON are the text that they arrived with.
// Every form can be read back: nothing is lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// What stands between date and time: `T` as isoformat() has it, a blank as str() has it.
enum class DateTimeStyle { letter, blank };

VDK_API void append_boolean_text(std::string& out, bool value);
VDK_API void append_integer_text(std::string& out, std::int64_t value);
VDK_API void append_real_text(std::string& out, double value);
VDK_API void append_bytes_text(std::string& out, std::string_view bytes);
VDK_API void append_date_text(std::string& out, std::int64_t days);
VDK_API void append_timestamp_text(std::string& out, std::int64_t microseconds,
                                   DateTimeStyle style = DateTimeStyle::letter);
// Ends in +00:00.
VDK_API void append_timestamp_utc_text(std::string& out, std::int64_t microseconds,
                                       DateTimeStyle style = DateTimeStyle::letter);

// A point in time by whole seconds since the epoch and a fraction of `digits` (0 to 9) decimal
// digits; a fraction of nothing is left out.
VDK_API void append_time_point_text(std::string& out, std::int64_t seconds, std::int64_t fraction,
                                    int digits, DateTimeStyle style = DateTimeStyle::letter);

// A decimal's text for a number: as append_real_text, but NaN, Infinity and -Infinity.
VDK_API void append_decimal_text(std::string& out, double value);

// The text of one cell; nothing for null.
VDK_API void append_cell_text(std::string& out, const Column& column, std::size_t row,
                              DateTimeStyle style = DateTimeStyle::letter);

}  // namespace vdk
