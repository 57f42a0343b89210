// Text as the server reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_numeric.hpp"

namespace vdk::postgres {

// Without blanks at its ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// Whether all of it is ASCII without NUL.
[[nodiscard]] bool is_plain_ascii(const std::vector<std::uint8_t>& bytes);
// As the server checks it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// The server takes any beginning of its words that is no other's.
[[nodiscard]] bool read_boolean(std::string_view text, bool& value);
[[nodiscard]] Reading read_integer(std::string_view text, std::int64_t& value);
[[nodiscard]] Reading read_real(std::string_view text, double& value);
// Appends the 16 bytes; some of them also where it is none.
[[nodiscard]] bool read_uuid(std::string_view text, std::string& bytes);

// Forms of numbers that newer servers or the system's library read and the functions above do not.
[[nodiscard]] bool may_be_number(std::string_view text, int version);

}  // namespace vdk::postgres
