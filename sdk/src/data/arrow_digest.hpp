// The digest of rows that stay in another library's Arrow memory.
#pragma once

#include <cstdint>

#include "data/arrow_type.hpp"
#include "vdk/data/arrow.hpp"

namespace vdk {

// Of the rows [begin, end) of a column without a dictionary. Equal rows have equal digests,
// whatever null rows hide, and wherever the rows stand in the array. For scalars and texts alone.
[[nodiscard]] std::uint64_t digest_cells(const ArrowType& type, const ArrowArray& array,
                                         std::int64_t begin, std::int64_t end, std::uint64_t seed);

}  // namespace vdk
