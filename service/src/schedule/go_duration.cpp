#include "schedule/go_duration.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace vdk::service {
namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 63U;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"\u00b5s", 1'000},
    {"\u03bcs", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  return digits;
}

// One number with its unit, in nanoseconds.
std::optional<std::uint64_t> take_part(std::string_view& text) {
  const std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;

  const auto* end = std::ranges::find_if(text, [](char c) { return c == '.' || is_digit(c); });
  const std::string_view name(text.begin(), end);
  const auto* unit =
      std::ranges::find(kUnits, name, &std::pair<std::string_view, std::uint64_t>::first);
  if (unit == kUnits.end()) return std::nullopt;
  text.remove_prefix(name.size());

  std::uint64_t value = 0;
  for (const char digit : whole) {
    if (value > kMost / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value > kMost / unit->second) return std::nullopt;
  value *= unit->second;
  double share = static_cast<double>(unit->second);
  double rest = 0;
  for (const char digit : fraction) {
    share /= 10;
    rest += share * (digit - '0');
  }
  value += static_cast<std::uint64_t>(rest);
  if (value > kMost) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const std::optional<std::uint64_t> part = take_part(text);
    if (!part || *part > kMost - sum) return std::nullopt;
    sum += *part;
  }
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (sum > largest) return std::nullopt;  // the one value that only a negative number has
  const auto value = static_cast<std::int64_t>(sum);
  return std::chrono::nanoseconds(negative ? -value : value);
}

}  // namespace vdk::service
