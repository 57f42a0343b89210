// Decimal numbers by their text: what PostgreSQL's numeric takes, its binary form, and integers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vdk::postgres {

enum class Reading {
  good,
  wrong,         // no number
  out_of_range,  // a number, but none that fits
};

// One decimal, taken apart. Blanks around it do not count.
class DecimalText {
 public:
  // Digits with or without a point and an exponent; NaN, inf and Infinity in any case.
  [[nodiscard]] static Reading read(std::string_view text, DecimalText& result);

  [[nodiscard]] bool is_finite() const noexcept { return kind_ == Kind::finite; }
  [[nodiscard]] bool is_infinite() const noexcept { return kind_ == Kind::infinite; }

  // How the server prints it: without exponent, all digits behind the point kept.
  void append_plain(std::string& out) const;
  // As numeric travels in binary.
  void append_binary(std::string& out) const;
  // Halves are rounded away from zero.
  [[nodiscard]] Reading round(std::int64_t& result) const;

  // How many digits stand before the point, and behind it.
  [[nodiscard]] std::int64_t whole_digits() const noexcept;
  [[nodiscard]] std::int64_t fraction_digits() const noexcept { return scale_; }

 private:
  enum class Kind { finite, nan, infinite };

  // The i-th digit counted from the first one that is not 0.
  [[nodiscard]] int digit(std::int64_t index) const noexcept;

  Kind kind_ = Kind::finite;
  bool negative_ = false;
  std::string_view digits_;     // from the first one that is not 0, perhaps with the point inside
  std::int64_t point_ = -1;     // where it is in digits_; negative: not inside
  std::int64_t count_ = 0;      // of digits
  std::int64_t magnitude_ = 0;  // how many of them stand before the point; may be negative
  std::int64_t scale_ = 0;      // digits behind the point that are to be shown
};

// The binary form of an integer.
void append_numeric(std::string& out, std::int64_t value);

}  // namespace vdk::postgres
