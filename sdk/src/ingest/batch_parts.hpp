// Parts of consecutive batches, whose rows are counted as if they were one.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "vdk/data/batch.hpp"

namespace vdk {

[[nodiscard]] std::size_t count_rows(std::span<const Batch> batches);

// The first `count` rows, and the others.
[[nodiscard]] std::pair<std::vector<Batch>, std::vector<Batch>> halve(
    std::span<const Batch> batches, std::size_t count);

// All rows but those with these indices.
[[nodiscard]] std::vector<Batch> without(std::span<const Batch> batches,
                                         const std::vector<std::size_t>& rows);

}  // namespace vdk
