#include "constant_column.hpp"

#include <gtest/gtest.h>

#include "vdk/data/batch_builder.hpp"

namespace vdk::gdp {
namespace {

Batch rows() {
  BatchBuilder builder;
  const std::size_t id = builder.column("id");
  for (int i = 1; i <= 3; ++i) {
    builder.append_integer(id, i);
    builder.end_row();
  }
  return builder.finish();
}

TEST(ConstantColumn, stands_behind_the_others_with_its_text_in_all_rows) {
  const Batch batch = with_text_column(rows(), "execution", "e-1");
  ASSERT_EQ(batch.rows(), 3U);
  ASSERT_EQ(batch.schema().size(), 2U);
  EXPECT_EQ(batch.column(0).integer(2), 3);
  EXPECT_EQ(batch.column(1).field, (Field{"execution", ColumnType::text}));
  for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(batch.column(1).bytes(row), "e-1");
}

TEST(ConstantColumn, takes_the_place_of_a_column_of_its_name) {
  const Batch batch = with_text_column(rows(), "id", "");
  ASSERT_EQ(batch.schema().size(), 1U);
  EXPECT_EQ(batch.column(0).field.type, ColumnType::text);
  EXPECT_FALSE(batch.column(0).is_null(1));
  EXPECT_EQ(batch.column(0).bytes(1), "");
}

}  // namespace
}  // namespace vdk::gdp
