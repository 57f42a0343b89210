#include "data/lattice.hpp"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

std::vector<ColumnType> all_types() {
  std::vector<ColumnType> types;
  for (int i = 0; i <= static_cast<int>(ColumnType::json); ++i)
    types.push_back(static_cast<ColumnType>(i));
  return types;
}

TEST(Lattice, every_type_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (const ColumnType type : all_types()) names.emplace(to_string(type));
  EXPECT_EQ(names.size(), all_types().size());
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(Lattice, unite_is_idempotent) {
  for (const ColumnType a : all_types()) EXPECT_EQ(unite(a, a), a) << to_string(a);
}

TEST(Lattice, unite_is_commutative) {
  for (const ColumnType a : all_types()) {
    for (const ColumnType b : all_types()) {
      EXPECT_EQ(unite(a, b), unite(b, a)) << to_string(a) << ", " << to_string(b);
    }
  }
}

TEST(Lattice, unite_is_associative) {
  for (const ColumnType a : all_types()) {
    for (const ColumnType b : all_types()) {
      for (const ColumnType c : all_types()) {
        EXPECT_EQ(unite(unite(a, b), c), unite(a, unite(b, c)))
            << to_string(a) << ", " << to_string(b) << ", " << to_string(c);
      }
    }
  }
}

TEST(Lattice, null_is_neutral_and_text_holds_all) {
  for (const ColumnType a : all_types()) {
    EXPECT_EQ(unite(a, ColumnType::null), a);
    EXPECT_EQ(unite(a, ColumnType::text), ColumnType::text);
  }
}

TEST(Lattice, families_meet_where_nothing_is_lost) {
  using enum ColumnType;
  EXPECT_EQ(unite(boolean, integer), integer);
  EXPECT_EQ(unite(integer, real), real);
  EXPECT_EQ(unite(integer, decimal), decimal);
  EXPECT_EQ(unite(real, decimal), decimal);
  EXPECT_EQ(unite(integer, json), json);
  EXPECT_EQ(unite(date, timestamp), timestamp);
  EXPECT_EQ(unite(timestamp, timestamp_tz), text);
  EXPECT_EQ(unite(date, timestamp_tz), text);
  EXPECT_EQ(unite(binary, json), text);
  EXPECT_EQ(unite(date, integer), text);
}

}  // namespace
}  // namespace vdk
