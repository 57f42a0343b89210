// Small text helpers.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/utf8.hpp"  // IWYU pragma: export

namespace vdk {

[[nodiscard]] std::string lower(std::string_view text);  // ASCII only, as keys are
[[nodiscard]] VDK_API std::string upper(std::string_view text);
[[nodiscard]] VDK_API std::string_view trim(
    std::string_view text) noexcept;  // blanks, tabs, line ends
[[nodiscard]] VDK_API std::vector<std::string> split(std::string_view text,
                                                     char separator);  // keeps empty parts
[[nodiscard]] std::vector<std::string> split_list(
    std::string_view text);  // commas; trimmed; no empty parts
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string replace_all(std::string_view text, std::string_view from,
                                      std::string_view to);

[[nodiscard]] std::string_view first_line(std::string_view text) noexcept;

// "1 row", "2 rows": the word that goes with the number.
[[nodiscard]] constexpr std::string_view plural(std::integral auto count, std::string_view one,
                                                std::string_view many) noexcept {
  return count == 1 ? one : many;
}

// Python's textwrap.dedent.
[[nodiscard]] std::string dedent(std::string_view text);

// The candidate that a person may have meant, where one is near (edit distance at most a third of
// its length).
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      std::span<const std::string> candidates);

// Columns of a terminal that the text takes (wide and combining characters counted).
[[nodiscard]] std::size_t display_width(std::string_view utf8) noexcept;

}  // namespace vdk
