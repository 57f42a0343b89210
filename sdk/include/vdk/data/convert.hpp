// A column's values as another type, where that is possible.
#pragma once

#include <cstddef>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {

struct Conversion {
  Column column;                     // of the type wanted; misfits are null in it
  std::vector<std::size_t> misfits;  // rows whose value has no equal in that type, in order
};

// Converts without loss or not at all: 1.0 is the integer 1 and 1.5 a misfit, the text "2024-02-30"
// is no date. Texts are read as they are written by append_cell_text, and as databases read them
// ("t", "yes", "on" are true; blanks around are ignored). A text for a json column is JSON text.
// `style` is that of times that become text.
[[nodiscard]] VDK_API Conversion convert_column(const Column& column, std::size_t rows,
                                                ColumnType to,
                                                DateTimeStyle style = DateTimeStyle::letter);

// Reads ISO 8601 date-times, a blank or T between date and time, up to six digits of fraction.
// False where the text is none. `zoned` tells whether it had an offset; then the result is UTC.
[[nodiscard]] VDK_API bool parse_date(std::string_view text, std::int64_t& days);
[[nodiscard]] VDK_API bool parse_timestamp(std::string_view text, std::int64_t& microseconds,
                                           bool& zoned);

}  // namespace vdk
