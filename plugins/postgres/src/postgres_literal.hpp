// Values as literals, which the server reads.
#pragma once

#include <cstddef>
#include <string>

#include "postgres_kind.hpp"
#include "vdk/data/batch.hpp"

namespace vdk::postgres {

// A value that is not null, for a column of that kind.
void append_literal(std::string& out, const Column& source, std::size_t row, Kind kind);

}  // namespace vdk::postgres
