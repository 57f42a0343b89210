#include "postgres_numeric.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace vdk::postgres {
namespace {

// numeric: up to 131072 digits before the point and 16383 behind it, in groups of four.
constexpr std::int64_t kMostWhole = 131'072;
constexpr std::int64_t kMostFraction = 16'383;
constexpr std::int64_t kGroup = 4;
constexpr std::int64_t kMostExponent = 1'000'000;

constexpr std::uint16_t kPositive = 0x0000;
constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kNan = 0xC000;
constexpr std::uint16_t kInfinity = 0xD000;
constexpr std::uint16_t kMinusInfinity = 0xF000;

constexpr std::string_view kBlanks = " \t\n\v\f\r";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(std::string_view text, std::string_view lower_word) {
  return std::ranges::equal(text, lower_word, [](char a, char b) { return (a | 0x20) == b; });
}

void append16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 0xffU);
}

void append_header(std::string& out, std::size_t groups, std::int64_t weight, std::uint16_t sign,
                   std::int64_t scale) {
  append16(out, static_cast<std::uint16_t>(groups));
  append16(out, static_cast<std::uint16_t>(weight));
  append16(out, sign);
  append16(out, static_cast<std::uint16_t>(scale));
}

std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace

Reading DecimalText::read(std::string_view text, DecimalText& result) {
  result = {};
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return Reading::wrong;
  text = text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
  const bool is_signed = text.front() == '-' || text.front() == '+';
  result.negative_ = text.front() == '-';
  if (is_signed) text.remove_prefix(1);
  if (is_word(text, "nan")) {
    result.kind_ = Kind::nan;
    return is_signed ? Reading::wrong : Reading::good;
  }
  if (is_word(text, "inf") || is_word(text, "infinity")) {
    result.kind_ = Kind::infinite;
    return Reading::good;
  }

  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) ++at;
  const auto whole = static_cast<std::int64_t>(at);
  std::int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && is_digit(text[at])) ++at, ++fraction;
  }
  if (whole + fraction == 0) return Reading::wrong;
  std::string_view mantissa = text.substr(0, at);
  std::int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::string_view digits = text.substr(at + 1);
    if (digits.starts_with('+')) {
      digits.remove_prefix(1);
      if (digits.starts_with('-')) return Reading::wrong;
    }
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (digits.empty() || end != digits.data() + digits.size() ||
        error == std::errc::invalid_argument) {
      return Reading::wrong;
    }
    if (error != std::errc() || exponent > kMostExponent || exponent < -kMostExponent) {
      return Reading::out_of_range;
    }
  } else if (at != text.size()) {
    return Reading::wrong;
  }

  result.scale_ = std::max<std::int64_t>(0, fraction - exponent);
  const auto significant = mantissa.find_first_not_of("0.");
  if (significant == std::string_view::npos) return Reading::good;  // nothing but zeros
  result.digits_ = mantissa.substr(significant);
  const auto begin = static_cast<std::int64_t>(significant);
  const bool has_point = mantissa.size() != static_cast<std::size_t>(whole);
  if (begin < whole) {
    result.magnitude_ = whole - begin + exponent;
    result.point_ = has_point ? whole - begin : -1;
    result.count_ = static_cast<std::int64_t>(result.digits_.size()) - (has_point ? 1 : 0);
  } else {  // the zeros between point and digits count down
    result.magnitude_ = -(begin - whole - 1) + exponent;
    result.count_ = static_cast<std::int64_t>(result.digits_.size());
  }
  if (result.magnitude_ > kMostWhole || result.scale_ > kMostFraction) {
    return Reading::out_of_range;
  }
  return Reading::good;
}

int DecimalText::digit(std::int64_t index) const noexcept {
  if (index < 0 || index >= count_) return 0;
  const std::int64_t at = point_ >= 0 && index >= point_ ? index + 1 : index;
  return digits_[static_cast<std::size_t>(at)] - '0';
}

std::int64_t DecimalText::whole_digits() const noexcept {
  return std::max<std::int64_t>(0, magnitude_);
}

void DecimalText::append_plain(std::string& out) const {
  if (kind_ == Kind::nan) {
    out += "NaN";
    return;
  }
  if (negative_ && (kind_ == Kind::infinite || count_ != 0)) out += '-';
  if (kind_ == Kind::infinite) {
    out += "Infinity";
    return;
  }
  if (magnitude_ <= 0) out += '0';
  for (std::int64_t i = 0; i < magnitude_; ++i) out += static_cast<char>('0' + digit(i));
  if (scale_ == 0) return;
  out += '.';
  for (std::int64_t i = 0; i < scale_; ++i) out += static_cast<char>('0' + digit(magnitude_ + i));
}

void DecimalText::append_binary(std::string& out) const {
  if (kind_ == Kind::nan || kind_ == Kind::infinite) {
    const std::uint16_t sign = kind_ == Kind::nan ? kNan : (negative_ ? kMinusInfinity : kInfinity);
    append_header(out, 0, 0, sign, 0);
    return;
  }
  if (count_ == 0) {
    append_header(out, 0, 0, kPositive, scale_);
    return;
  }
  // Groups of four are counted from the point: the first one may begin with zeros.
  const std::int64_t weight = floor_divide(magnitude_ - 1, kGroup);
  const std::int64_t pad = (weight + 1) * kGroup - magnitude_;
  const std::int64_t groups = (pad + count_ + kGroup - 1) / kGroup;
  const std::size_t header = out.size();
  append_header(out, 0, weight, negative_ ? kNegative : kPositive, scale_);
  std::size_t kept = 0;
  for (std::int64_t group = 0; group < groups; ++group) {
    int value = 0;
    for (std::int64_t i = 0; i < kGroup; ++i) value = value * 10 + digit(group * kGroup + i - pad);
    append16(out, static_cast<std::uint16_t>(value));
    if (value != 0) kept = static_cast<std::size_t>(group) + 1;
  }
  constexpr std::size_t kHeader = 8;
  out.resize(header + kHeader + 2 * kept);
  out[header] = static_cast<char>(kept >> 8U);
  out[header + 1] = static_cast<char>(kept & 0xffU);
}

Reading DecimalText::round(std::int64_t& result) const {
  if (kind_ != Kind::finite) return Reading::out_of_range;
  constexpr std::int64_t kMostDigits = 19;
  if (magnitude_ > kMostDigits) return Reading::out_of_range;
  std::uint64_t value = 0;
  for (std::int64_t i = 0; i < magnitude_; ++i) {
    value = value * 10 + static_cast<std::uint64_t>(digit(i));
  }
  if (magnitude_ >= 0 && digit(magnitude_) >= 5) ++value;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > kMost + (negative_ ? 1 : 0)) return Reading::out_of_range;
  result = static_cast<std::int64_t>(negative_ ? 0 - value : value);
  return Reading::good;
}

void append_numeric(std::string& out, std::int64_t value) {
  std::array<std::uint16_t, 5> groups{};
  std::size_t count = 0;
  std::uint64_t rest =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  constexpr std::uint64_t kBase = 10'000;
  std::int64_t weight = -1;
  for (; rest != 0; rest /= kBase) {
    ++weight;
    if (count == 0 && rest % kBase == 0) continue;  // trailing groups of zero are left out
    groups[count++] = static_cast<std::uint16_t>(rest % kBase);
  }
  append_header(out, count, std::max<std::int64_t>(0, weight), value < 0 ? kNegative : kPositive,
                0);
  while (count != 0) append16(out, groups[--count]);
}

}  // namespace vdk::postgres
