#include "postgres_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

namespace vdk::postgres {
namespace {

constexpr int kVersionOfDigitMarks = 160'000;  // 1_000, 0x1F

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

constexpr std::string_view kBlanks = " \t\n\v\f\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

bool is_plain_ascii(const std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) return true;
  if (std::memchr(bytes.data(), 0, bytes.size()) != nullptr) return false;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  std::uint64_t seen = 0;
  for (; at + sizeof seen <= bytes.size(); at += sizeof seen) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    seen |= word;
  }
  for (; at < bytes.size(); ++at) seen |= bytes[at];
  return (seen & kHighBits) == 0;
}

bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (byte(at) & 0xC0U) == 0x80;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char first = byte(i);
    if (first < 0x80) {
      ++i;
    } else if (first >= 0xC2 && first <= 0xDF) {
      if (!continues(i + 1)) return false;
      i += 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
      if (!continues(i + 1) || !continues(i + 2)) return false;
      if (first == 0xE0 && byte(i + 1) < 0xA0) return false;
      if (first == 0xED && byte(i + 1) > 0x9F) return false;
      i += 3;
    } else if (first >= 0xF0 && first <= 0xF4) {
      if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return false;
      if (first == 0xF0 && byte(i + 1) < 0x90) return false;
      if (first == 0xF4 && byte(i + 1) > 0x8F) return false;
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

bool read_boolean(std::string_view text, bool& value) {
  std::string word(trim(text));
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  constexpr std::pair<std::string_view, bool> kWords[] = {
      {"true", true}, {"false", false}, {"yes", true}, {"no", false},
      {"on", true},   {"off", false},   {"1", true},   {"0", false}};
  if (word.empty() || word == "o") return false;
  for (const auto& [known, means] : kWords) {
    if (known.starts_with(word)) {
      value = means;
      return true;
    }
  }
  return false;
}

Reading read_integer(std::string_view text, std::int64_t& value) {
  text = trim(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Reading::wrong;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return Reading::wrong;
  }
  return error == std::errc() ? Reading::good : Reading::out_of_range;
}

Reading read_real(std::string_view text, double& value) {
  text = trim(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Reading::wrong;
  }
  if (text.empty() || text.find('(') != std::string_view::npos) return Reading::wrong;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return Reading::wrong;
  }
  return error == std::errc() ? Reading::good : Reading::out_of_range;
}

bool may_be_number(std::string_view text, int version) {
  const bool is_marked = text.find_first_of("xX_oObB") != std::string_view::npos;
  return is_marked && text.find_first_of("0123456789") != std::string_view::npos &&
         version >= kVersionOfDigitMarks;
}

// 32 digits; a hyphen may follow each group of four, braces may enclose them.
bool read_uuid(std::string_view text, std::string& bytes) {
  const bool braces = text.starts_with('{');
  if (braces) text.remove_prefix(1);
  constexpr int kBytes = 16;
  for (int i = 0; i < kBytes; ++i) {
    if (text.size() < 2) return false;
    const int high = hex_digit(text[0]);
    const int low = hex_digit(text[1]);
    if (high < 0 || low < 0) return false;
    bytes += static_cast<char>(high * 16 + low);
    text.remove_prefix(2);
    if (i % 2 == 1 && i + 1 < kBytes && text.starts_with('-')) text.remove_prefix(1);
  }
  return braces ? text == "}" : text.empty();
}

}  // namespace vdk::postgres
