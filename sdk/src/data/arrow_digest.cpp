#include "data/arrow_digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace vdk {
namespace {

constexpr std::uint64_t kNull = 0x9e3779b97f4a7c15;

// Rows are counted from the first of them.
class Cells {
 public:
  Cells(const ArrowType& type, const ArrowArray& array, std::int64_t begin, std::int64_t end)
      : type_(type),
        array_(array),
        begin_(begin),
        first_(static_cast<std::size_t>(array.offset + begin)),
        rows_(static_cast<std::size_t>(end - begin)) {
    const bool may_have_nulls = array.n_buffers > 0 && array.null_count != 0;
    if (may_have_nulls) validity_ = buffer(0);
  }

  [[nodiscard]] std::uint64_t digest(std::uint64_t seed) const {
    if (rows_ == 0) return seed;
    if (validity_ == nullptr && type_.width > 0 && type_.kind != ArrowKind::boolean) {
      const auto width = static_cast<std::size_t>(type_.width);
      return XXH3_64bits_withSeed(buffer(1) + first_ * width, rows_ * width, seed);
    }
    switch (type_.kind) {
      case ArrowKind::boolean:
        return words(seed, [this](std::size_t row) { return bit(buffer(1), row); });
      case ArrowKind::single:
        return words(seed, [this](std::size_t row) {
          return std::bit_cast<std::uint64_t>(double{fixed<float>(row)});
        });
      case ArrowKind::real:
      case ArrowKind::timestamp:
        return words(seed, [this](std::size_t row) { return fixed<std::uint64_t>(row); });
      case ArrowKind::bytes:
        return texts<std::int32_t>(seed);
      case ArrowKind::large_bytes:
        return texts<std::int64_t>(seed);
      case ArrowKind::bytes_view:
        return views(seed);
      case ArrowKind::decimal: {
        const auto width = static_cast<std::size_t>(type_.width);
        return words(seed, [this, width](std::size_t row) {
          return XXH3_64bits(buffer(1) + (first_ + row) * width, width);
        });
      }
      default:
        return words(seed, [this](std::size_t row) {
          return static_cast<std::uint64_t>(
              read_integer(type_, array_, begin_ + static_cast<std::int64_t>(row)));
        });
    }
  }

 private:
  static constexpr std::size_t kBlock = 512;

  [[nodiscard]] const std::uint8_t* buffer(std::size_t i) const {
    return static_cast<const std::uint8_t*>(array_.buffers[i]);
  }
  [[nodiscard]] std::uint64_t bit(const std::uint8_t* bits, std::size_t row) const {
    return bits[(first_ + row) / 8] >> ((first_ + row) % 8) & 1U;
  }
  [[nodiscard]] bool valid(std::size_t row) const {
    return validity_ == nullptr || bit(validity_, row) != 0;
  }
  // Values need not be aligned.
  template <class T>
  [[nodiscard]] T fixed(std::size_t row) const {
    T value;
    std::memcpy(&value, buffer(1) + (first_ + row) * sizeof value, sizeof value);
    return value;
  }

  // One word for each row. `word` is called for null rows too: it reads what is there.
  template <class Word>
  [[nodiscard]] std::uint64_t words(std::uint64_t seed, Word word) const {
    std::array<std::uint64_t, kBlock> block{};
    for (std::size_t begin = 0; begin < rows_; begin += kBlock) {
      const std::size_t count = std::min(kBlock, rows_ - begin);
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t value = word(begin + i);
        block[i] = valid(begin + i) ? value : kNull;
      }
      seed = XXH3_64bits_withSeed(block.data(), count * sizeof(std::uint64_t), seed);
    }
    return seed;
  }

  // The lengths, and all bytes at once: what null rows hide is left out.
  template <class Offset>
  [[nodiscard]] std::uint64_t texts(std::uint64_t seed) const {
    XXH3_state_t bytes;
    XXH3_64bits_reset(&bytes);
    auto run = fixed<Offset>(0);
    const auto end_run = [&](Offset end) {
      if (run != end)
        XXH3_64bits_update(&bytes, buffer(2) + run, static_cast<std::size_t>(end - run));
    };
    Offset begin = run;
    const std::uint64_t lengths = words(seed, [&](std::size_t row) {
      const auto end = fixed<Offset>(row + 1);
      const auto length = static_cast<std::uint64_t>(end - begin);
      if (length != 0 && !valid(row)) {
        end_run(begin);
        run = end;
      }
      begin = end;
      return length;
    });
    end_run(begin);
    const std::uint64_t digest = XXH3_64bits_digest(&bytes);
    return XXH3_64bits_withSeed(&digest, sizeof digest, lengths);
  }

  // Two words for each row: a short text is in its view, which begins with the length.
  [[nodiscard]] std::uint64_t views(std::uint64_t seed) const {
    constexpr std::size_t kLongestInline = 12;
    constexpr std::size_t kLength = 4;  // bytes
    const auto first_bytes = [](std::uint64_t word, std::size_t count) {
      return count >= sizeof word ? word : word & ((std::uint64_t{1} << (8 * count)) - 1);
    };
    std::array<std::array<std::uint64_t, 2>, kBlock / 2> block{};
    for (std::size_t begin = 0; begin < rows_; begin += block.size()) {
      const std::size_t count = std::min(block.size(), rows_ - begin);
      for (std::size_t i = 0; i < count; ++i) {
        if (!valid(begin + i)) {
          block[i] = {kNull, 0};
          continue;
        }
        auto view = fixed<std::array<std::uint64_t, 2>>(begin + i);
        const auto length = static_cast<std::size_t>(static_cast<std::uint32_t>(view[0]));
        if (length <= kLongestInline) {
          view[0] = first_bytes(view[0], kLength + length);
          view[1] = first_bytes(view[1], length - std::min(length, kLength));
        } else {
          const std::string_view bytes =
              read_bytes(type_, array_, begin_ + static_cast<std::int64_t>(begin + i));
          view = {length, XXH3_64bits(bytes.data(), bytes.size())};
        }
        block[i] = view;
      }
      seed = XXH3_64bits_withSeed(block.data(), count * sizeof block[0], seed);
    }
    return seed;
  }

  const ArrowType& type_;
  const ArrowArray& array_;
  const std::int64_t begin_;
  const std::size_t first_;  // place in the buffers
  const std::size_t rows_;
  const std::uint8_t* validity_ = nullptr;
};

}  // namespace

std::uint64_t digest_cells(const ArrowType& type, const ArrowArray& array, std::int64_t begin,
                           std::int64_t end, std::uint64_t seed) {
  return Cells(type, array, begin, end).digest(seed);
}

}  // namespace vdk
