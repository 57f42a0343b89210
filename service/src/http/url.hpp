// The target of a request, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vdk::service::http {

struct Url {
  std::string path;                                        // still encoded, without the query
  std::vector<std::string> segments;                       // decoded; a slash at the end adds none
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// Takes `/a/b%20c?x=1` apart. Nothing where no path could be meant safely: broken percent-encoding,
// an encoded slash or zero byte, an empty, `.` or `..` segment, a semicolon, text that is not
// UTF-8.
[[nodiscard]] std::optional<Url> parse_target(std::string_view target);

// Percent-decoding; nothing where an escape is broken.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text);
// Percent-encoding of whatever is not unreserved.
[[nodiscard]] std::string encode_percent(std::string_view text);

}  // namespace vdk::service::http
