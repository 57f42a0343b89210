// Values in the place of placeholders, for engines whose driver sends text alone.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "vdk/base/export.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk {

// Writes each value as the driver's literal where its placeholder stands: `%s` in order where the
// statement has one, else `?` in order. Placeholders in quotes and comments are none; where `%s`
// is the style, `%%` is a percent sign everywhere, as in existing drivers of Python. Throws Error
// (user) where the numbers differ or a `%s` stands in quotes: it would look bound and is not.
[[nodiscard]] VDK_API std::string bind_parameters(std::string_view sql,
                                                  std::span<const SqlParameter> values,
                                                  const DriverConnection& driver);

// The same by name, `%(name)s`; a name may stand more than once, and values may go unused.
[[nodiscard]] VDK_API std::string bind_parameters(
    std::string_view sql, const std::map<std::string, SqlParameter, std::less<>>& values,
    const DriverConnection& driver);

}  // namespace vdk
