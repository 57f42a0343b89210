// Rows that could not be stored: summed up, and as the errors that end a run.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// Counts `more` in `sum` by reason and column; the message and first row are those of the first.
void add_rejections(std::vector<Rejection>& sum, const std::vector<Rejection>& more);

// A resumed load whose rows are not those of which an earlier attempt stored so many.
[[nodiscard]] Error unrepeated_rows(const Destination& destination, std::int64_t stored);

[[nodiscard]] Error rejection_error(const std::vector<std::pair<Destination, Rejection>>& rejected);

}  // namespace vdk
