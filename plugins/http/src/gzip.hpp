#pragma once

#include <string>
#include <string_view>

namespace vdk::http {

// One gzip member; equal texts give equal bytes. At most 4 GiB.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace vdk::http
