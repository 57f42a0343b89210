// SHA-256 (FIPS 180-4), for names that must not be found twice.
#pragma once

#include <string>
#include <string_view>

namespace vdk {

// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace vdk
