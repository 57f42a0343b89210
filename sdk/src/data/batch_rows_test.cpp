#include "vdk/data/batch_rows.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/data/batch_builder.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

// Rows from `begin` on, of a column of each layout; with gaps only where `begin` is odd.
Batch rows_from(int begin, int count) {
  BatchBuilder builder;
  for (int i = begin; i < begin + count; ++i) {
    const bool gap = begin % 2 == 1 && i % 3 == 0;
    const auto put = [&](std::string_view name, auto append) {
      const std::size_t column = builder.column(name);
      gap ? builder.append_null(column) : append(column);
    };
    put("flag", [&](std::size_t column) { builder.append_boolean(column, i % 4 == 1); });
    put("count", [&](std::size_t column) { builder.append_integer(column, i); });
    put("day", [&](std::size_t column) { builder.append_date(column, i); });
    put("name", [&](std::size_t column) {
      builder.append_text(column, std::string(static_cast<std::size_t>(i % 5), 'x') + "é");
    });
    builder.end_row();
  }
  return builder.finish();
}

std::vector<std::vector<std::string>> cells_of(const Batch& batch) {
  std::vector<std::vector<std::string>> cells;
  for (const Column& column : batch.columns()) {
    auto& texts = cells.emplace_back();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      texts.emplace_back();
      if (!column.is_null(row)) append_cell_text(texts.back(), column, row);
    }
  }
  return cells;
}

TEST(BatchRows, concatenated_batches_have_the_rows_of_all) {
  for (const int rows : {1, 3, 8, 9, 64}) {
    // Without gaps, with them, without them, and a slice whose texts begin elsewhere.
    const Batch batches[] = {rows_from(0, rows), rows_from(1, rows), rows_from(2, rows),
                             slice_rows(rows_from(4, rows + 2), 1, 2)};
    const Batch all = concatenate_rows(batches);
    std::vector<std::vector<std::string>> expected(all.schema().size());
    for (const Batch& batch : batches) {
      const auto cells = cells_of(batch);
      for (std::size_t i = 0; i < cells.size(); ++i) {
        expected[i].insert(expected[i].end(), cells[i].begin(), cells[i].end());
      }
    }
    EXPECT_EQ(all.rows(), static_cast<std::size_t>(3 * rows + 2));
    EXPECT_EQ(all.schema(), batches[0].schema());
    EXPECT_EQ(cells_of(all), expected);
  }
}

TEST(BatchRows, the_digest_of_rows_depends_on_those_before_them) {
  const std::uint64_t first = digest_rows(rows_from(0, 8));
  const std::uint64_t second = digest_rows(rows_from(8, 8));
  EXPECT_EQ(digest_rows(rows_from(0, 8)), first);
  EXPECT_NE(first, second);
  EXPECT_NE(join_digests(join_digests(0, first), second),
            join_digests(join_digests(0, second), first));
}

}  // namespace
}  // namespace vdk
