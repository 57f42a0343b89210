#include "base/value_bytes.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace vdk {
namespace {

Value sample() {
  return parse_json(
      R"({"a": [null, true, false, -1, 1.5, "é", 123456789012345678901234567890, {}, []],
          "": {"b": {"c": "long enough not to be kept in place"}}})");
}

TEST(ValueBytes, gives_back_what_was_given) {
  const Value value = sample();
  EXPECT_EQ(from_bytes(to_bytes(value)), value);
  for (const Value& each : {Value(), Value(true), Value("text"), Value(std::int64_t{1} << 62)}) {
    EXPECT_EQ(from_bytes(to_bytes(each)), each);
  }
  const auto infinite = from_bytes(to_bytes(std::numeric_limits<double>::infinity()));
  ASSERT_TRUE(infinite && infinite->if_real());
  EXPECT_TRUE(std::isinf(*infinite->if_real()));
}

TEST(ValueBytes, damaged_bytes_are_nothing_or_another_value) {
  const std::string bytes = to_bytes(sample());
  EXPECT_EQ(from_bytes(""), std::nullopt);
  EXPECT_EQ(from_bytes(bytes + "n"), std::nullopt);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(from_bytes(bytes.substr(0, size)), std::nullopt) << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char wrong : {'\0', '\x7f', '\xff', 'm', 'l', 's'}) {
      std::string damaged = bytes;
      damaged[at] = wrong;
      (void)from_bytes(damaged);
    }
  }
}

TEST(ValueBytes, what_is_nested_too_deeply_is_nothing) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += std::string("l\1\0\0\0", 5);
  EXPECT_EQ(from_bytes(deep + 'n'), std::nullopt);
}

}  // namespace
}  // namespace vdk
