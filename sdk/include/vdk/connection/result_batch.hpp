// Rows of a result on their way into a batch: what drivers share that fill batches themselves.
#pragma once

#include <cstddef>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk {

// Adds the columns in order and returns their places. Columns of a result may have equal names,
// those of a batch may not: the second `x` is `x_1`.
[[nodiscard]] VDK_API std::vector<std::size_t> add_columns(
    BatchBuilder& builder, const std::vector<ResultColumn>& columns);

VDK_API void append_value(BatchBuilder& builder, std::size_t column, const Value& value);

// The schema that batches of such columns have; `null` where only the values tell.
[[nodiscard]] VDK_API Schema schema_of(const std::vector<ResultColumn>& columns);

}  // namespace vdk
