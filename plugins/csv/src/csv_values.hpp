// What the text of a field means: nothing, a number, a truth value.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::csv {

// The texts that mean null in a column.
class NullTexts {
 public:
  void add(std::string text);
  // A text that may be a number or a truth value, and so has to be looked for before those.
  void add_value(std::string text) {
    hides_values_ = true;
    add(std::move(text));
  }
  void add_number(double value) { numbers_.push_back(value); }

  [[nodiscard]] bool hides_values() const noexcept { return hides_values_; }

  [[nodiscard]] bool has_empty() const noexcept { return has_empty_; }
  [[nodiscard]] bool contains(std::string_view text) const noexcept {
    if (text.empty()) return has_empty_;
    const std::uint32_t length = text.size() < 31 ? 1U << text.size() : 1U << 31U;
    return (lengths_[static_cast<unsigned char>(text.front())] & length) != 0 && search(text);
  }
  // Numbers that mean null in a column of real numbers, however they are written.
  [[nodiscard]] bool has_numbers() const noexcept { return !numbers_.empty(); }
  [[nodiscard]] bool contains_number(double value) const noexcept;

 private:
  [[nodiscard]] bool search(std::string_view text) const noexcept;

  bool has_empty_ = false;
  bool hides_values_ = false;
  std::array<std::uint32_t, 256> lengths_{};  // of the texts that begin with a byte
  std::vector<std::string> texts_;
  std::vector<double> numbers_;
};

struct NumberSyntax {
  char decimal = '.';
  char thousands = '\0';
};

// The kinds of text that a column can hold, each with what is wider than it.
enum class Kind : std::uint8_t { nothing, boolean, integer, big_integer, real, text };
[[nodiscard]] Kind unite(Kind a, Kind b) noexcept;
// What the text is; it means no null.
[[nodiscard]] Kind classify(std::string_view text, const NumberSyntax& syntax);

// Nothing where the text is none. Blanks around a number, a plus sign and, where the syntax has
// them, marks between thousands are part of it.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text,
                                                        const NumberSyntax& syntax);
// Also of integers and infinities. Correctly rounded; too large becomes infinite.
[[nodiscard]] std::optional<double> parse_real(std::string_view text, const NumberSyntax& syntax);
// The number as a sign, digits, a point and an exponent alone; infinities as Infinity.
[[nodiscard]] std::optional<std::string> plain_number(std::string_view text,
                                                      const NumberSyntax& syntax);

namespace detail {

constexpr std::uint64_t kZeros = 0x3030303030303030;

// The first `size` (1 to 8) bytes at `text`, with zeros before them; the first byte is the lowest.
inline std::uint64_t load_digits(const char* text, std::size_t size) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  const unsigned shift = 64U - 8U * static_cast<unsigned>(size);
  word <<= shift;
  return shift == 0 ? word : word | (kZeros >> (64U - shift));
}

inline bool are_digits(std::uint64_t word) noexcept {
  return ((word & 0xF0F0F0F0F0F0F0F0) |
          (((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4U)) == 0x3333333333333333;
}

inline std::uint64_t value_of_digits(std::uint64_t word) noexcept {
  word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8U;
  word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16U;
  return (word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32U;
}

}  // namespace detail

// Up to 16 digits without anything else, at a place behind which 8 bytes may be read. False where
// the text is no such number, which says nothing about others.
[[gnu::always_inline]] inline bool fast_digits(const char* text, std::size_t size,
                                               std::uint64_t& value) noexcept {
  if (size - 1 < 8) {
    const std::uint64_t word = detail::load_digits(text, size);
    value = detail::value_of_digits(word);
    return detail::are_digits(word);
  }
  if (size - 9 < 8) {
    const std::uint64_t high = detail::load_digits(text, size - 8);
    const std::uint64_t low = detail::load_digits(text + (size - 8), 8);
    value = detail::value_of_digits(high) * 100'000'000 + detail::value_of_digits(low);
    return detail::are_digits(high) && detail::are_digits(low);
  }
  return false;
}

[[gnu::always_inline]] inline bool fast_integer(const char* text, std::size_t size,
                                                std::int64_t& value) noexcept {
  const bool negative = size != 0 && *text == '-';
  std::uint64_t magnitude = 0;
  if (!fast_digits(text + (negative ? 1 : 0), size - (negative ? 1 : 0), magnitude)) return false;
  value = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  return true;
}

// Numbers of up to 15 digits with or without a point, whose double is one division away.
[[gnu::always_inline]] inline bool fast_real(const char* text, std::size_t size, char point,
                                             double& value) noexcept {
  static constexpr std::array<double, 16> kPowers{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const bool negative = size != 0 && *text == '-';
  if (negative) {
    ++text;
    --size;
  }
  if (size - 1 >= 16) return false;
  std::uint64_t digits = 0;
  std::size_t at = 0;
  std::size_t fraction = 0;
  for (; at < size; ++at) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[at])) - '0';
    if (digit > 9) break;
    digits = digits * 10 + digit;
  }
  if (at < size) {
    if (text[at] != point || size == 1) return false;
    const std::size_t begin = ++at;
    for (; at < size; ++at) {
      const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[at])) - '0';
      if (digit > 9) return false;
      digits = digits * 10 + digit;
    }
    fraction = size - begin;
  } else if (size > 15) {
    return false;
  }
  const double magnitude = static_cast<double>(digits) / kPowers[fraction];
  value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace vdk::csv
