#include "cli/row_spill.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace vdk {
namespace {

using Rows = std::vector<std::vector<Value>>;

Rows read(RowSpill& spill) {
  Rows rows;
  spill.for_each([&](const std::vector<Value>& row) { rows.push_back(row); });
  return rows;
}

TEST(RowSpill, gives_every_kind_of_value_back_from_memory_and_from_its_file) {
  const Rows rows{
      {Value(), true, false, std::int64_t{-7}, 0.1},
      {Value::BigInteger{"123456789012345678901234567890"}, "", "a\nb", std::string("\0x", 2), "é"},
      {}};
  for (const std::size_t limit : {RowSpill::kInMemory, std::size_t{1}}) {
    RowSpill spill(limit);
    for (const auto& row : rows) spill.add(row);
    EXPECT_EQ(spill.rows(), 3U);
    EXPECT_EQ(read(spill), rows);
    EXPECT_EQ(read(spill), rows);  // as often as wanted
  }
}

TEST(RowSpill, nested_values_become_their_text) {
  RowSpill spill(1);
  const std::vector<Value> row(1, Value(Value::List{1, "a"}));
  spill.add(row);
  EXPECT_EQ(read(spill), Rows(1, std::vector<Value>(1, Value("[1, 'a']"))));
}

TEST(RowSpill, rows_go_on_to_the_file_where_the_first_ones_fit_in_memory) {
  RowSpill spill(4096);
  for (std::int64_t i = 0; i < 1000; ++i) spill.add({i});
  const Rows rows = read(spill);
  ASSERT_EQ(rows.size(), 1000U);
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)][0], Value(i));
}

}  // namespace
}  // namespace vdk
