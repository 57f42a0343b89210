// Parameters in SQL text (specification: sdk 2.5).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk {

struct Parameter {
  std::string key;
  std::string text;              // what Python's str() gives
  std::optional<Value> value{};  // for quoting by type; without one, the text is quoted as a string
};

// Dedents, strips line ends at both ends, ends with one line end, and replaces `{key}` for each
// parameter in order: case-sensitive, unknown placeholders stay, and text that came in early is
// seen by later keys, as upstream does.
//
// Our own form `{key!sql}` gives the value as a SQL literal: 'it''s', 42, (-1), TRUE, NULL, a list
// as `1, 2`, a map as its JSON text. It is recognised only for a known key, outside of quotes and
// comments, and not right after a `{`: no supported engine has SQL of that shape. Its value is
// never searched for placeholders. Throws Error (user), which names the key and never the value,
// where a value has no safe literal: an empty list, NaN, infinities, a NUL byte, and a backslash
// where the engine's style is unknown.
[[nodiscard]] VDK_API std::string substitute(std::string_view sql,
                                             std::span<const Parameter> parameters,
                                             LiteralStyle style = LiteralStyle::unknown);

}  // namespace vdk
