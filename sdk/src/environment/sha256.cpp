#include "environment/sha256.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

namespace vdk {
namespace {

using Words = std::array<std::uint32_t, 8>;

// The first 32 bits of the fractional parts of the roots of the first primes, as the standard
// defines its constants.
template <std::size_t Count>
std::array<std::uint32_t, Count> fractions_of_roots(long double (*root)(long double)) {
  std::array<std::uint32_t, Count> words{};
  unsigned candidate = 2;
  for (std::size_t found = 0; found < Count; ++candidate) {
    bool is_prime = true;
    for (unsigned divisor = 2; divisor * divisor <= candidate; ++divisor)
      is_prime = is_prime && candidate % divisor != 0;
    if (!is_prime) continue;
    const long double value = root(candidate);
    words[found++] = static_cast<std::uint32_t>((value - std::floor(value)) * 0x1p32L);
  }
  return words;
}

void add_block(Words& hash, const unsigned char* block) {
  static const auto constants = fractions_of_roots<64>([](long double x) { return std::cbrt(x); });
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = static_cast<std::uint32_t>(block[4 * i]) << 24 |
           static_cast<std::uint32_t>(block[4 * i + 1]) << 16 |
           static_cast<std::uint32_t>(block[4 * i + 2]) << 8 |
           static_cast<std::uint32_t>(block[4 * i + 3]);
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const auto small0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const auto small1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + small0 + w[i - 7] + small1;
  }
  auto [a, b, c, d, e, f, g, h] = hash;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto big1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const auto first = h + big1 + ((e & f) ^ (~e & g)) + constants[i] + w[i];
    const auto big0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const auto second = big0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const Words round{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] += round[i];
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Words hash = fractions_of_roots<8>([](long double x) { return std::sqrt(x); });
  std::string padded(bytes);
  padded += '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(bits >> shift);
  const auto* data = reinterpret_cast<const unsigned char*>(padded.data());
  for (std::size_t at = 0; at < padded.size(); at += 64) add_block(hash, data + at);
  std::string text;
  for (const std::uint32_t word : hash) text += fmt::format("{:08x}", word);
  return text;
}

}  // namespace vdk
