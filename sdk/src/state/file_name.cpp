#include "state/file_name.hpp"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace vdk {
namespace {

constexpr std::size_t kLongest = 120;

bool stays(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// FNV-1a: the same on every machine and in every version, unlike std::hash.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

}  // namespace

std::string file_name_of(std::string_view name) {
  if (name.empty()) return "%";
  std::string encoded;
  for (const char c : name) {
    if (stays(c)) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (encoded.size() <= kLongest) return encoded;
  const std::string hash = fmt::format("%+{:016x}", hash_of(name));  // "%+" begins no encoded byte
  return encoded.substr(0, kLongest - hash.size()) + hash;
}

}  // namespace vdk
