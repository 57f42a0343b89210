// Tables of text, in the plain style of Python's tabulate ("simple").
#pragma once

#include <string>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk {

// Columns are as wide as their widest cell; numbers are right-aligned. Ends with a line end.
// Without headers the rule above is kept.
[[nodiscard]] std::string simple_table(const std::vector<std::string>& headers,
                                       const std::vector<std::vector<Value>>& rows);

// RFC 4180: quotes where needed, line ends as LF.
[[nodiscard]] std::string csv_line(const std::vector<Value>& cells);

}  // namespace vdk
