// A column with one text in all rows.
#pragma once

#include <string_view>

#include "vdk/data/batch.hpp"

namespace vdk::gdp {

// The batch with this column behind its own ones, or in the place of the one with that name.
[[nodiscard]] Batch with_text_column(const Batch& batch, std::string_view name,
                                     std::string_view text);

}  // namespace vdk::gdp
