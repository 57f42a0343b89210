// Parameters in SQL text (specification: sdk 2.5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

struct Parameter {
  std::string key;
  std::string text;  // what Python's str() gives
};

// Dedents, strips line ends at both ends, ends with one line end, and replaces `{key}` for each parameter in order:
// case-sensitive, unknown placeholders stay, and text that came in early is seen by later keys, as upstream does.
// `{key!sql}` … (our quoting form) gives the value as a quoted SQL literal.
[[nodiscard]] VDK_API std::string substitute(std::string_view sql, std::span<const Parameter> parameters);

}  // namespace vdk
