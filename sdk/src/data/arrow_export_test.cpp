#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/arrow_format.hpp"
#include "vdk/data/arrow_import.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

// Every type, with nulls in every second row; `rows` may be 0.
Batch batch_of_every_type(int rows) {
  BatchBuilder builder;
  for (int i = 0; i < rows; ++i) {
    const std::string word = i % 3 == 0 ? "" : "wörd " + std::to_string(i);
    builder.append_null(builder.column("nothing"));
    builder.append_integer(builder.column("full"), i);
    if (i % 2 == 0) {
      builder.append_boolean(builder.column("yes"), i % 4 == 0);
      builder.append_integer(builder.column("count"), -i);
      builder.append_real(builder.column("share"), i == 0 ? std::nan("") : i / 8.0);
      builder.append_text(builder.column("name"), word);
      builder.append_binary(builder.column("blob"), word);
      builder.append_date(builder.column("day"), i - 5);
      builder.append_timestamp(builder.column("at"), i * 1'000'001);
      builder.append_timestamp_utc(builder.column("zoned"), -i);
      builder.append_decimal(builder.column("price"), std::to_string(i) + ".10");
      builder.append_json(builder.column("tree"), "[" + std::to_string(i) + "]");
    }
    builder.end_row();
  }
  return builder.finish();
}

std::vector<std::vector<std::string>> cells_of(const Batch& batch) {
  std::vector<std::vector<std::string>> cells;
  for (const Column& column : batch.columns()) {
    auto& texts = cells.emplace_back();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      std::string text;
      append_cell_text(text, column, row);
      texts.push_back(column.is_null(row) ? "-" : text);
    }
  }
  return cells;
}

TEST(ArrowExport, comes_back_as_it_was) {
  for (const int rows : {1, 2, 7, 8, 9, 64, 1'000}) {
    const Batch original = batch_of_every_type(rows);
    const auto cells = cells_of(original);
    const Schema schema = original.schema();
    ArrowSchema arrow_schema;
    ArrowArray arrow_array;
    Batch::export_to_arrow(batch_of_every_type(rows), &arrow_schema, &arrow_array);
    ArrowBatchReader reader(&arrow_schema, &arrow_array);
    EXPECT_EQ(arrow_schema.release, nullptr);
    EXPECT_EQ(arrow_array.release, nullptr);
    const std::optional<Batch> back = reader.next();
    ASSERT_TRUE(back);
    EXPECT_EQ(back->schema(), schema);
    EXPECT_EQ(cells_of(*back), cells);
    EXPECT_FALSE(reader.next());
  }
}

TEST(ArrowExport, says_what_arrow_expects) {
  ArrowSchema schema;
  ArrowArray array;
  Batch::export_to_arrow(batch_of_every_type(9), &schema, &array);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"nothing", "n"}, {"full", "l"},        {"yes", "b"},   {"count", "l"},
      {"share", "g"},   {"name", "U"},        {"blob", "Z"},  {"day", "tdD"},
      {"at", "tsu:"},   {"zoned", "tsu:UTC"}, {"price", "U"}, {"tree", "U"}};
  EXPECT_STREQ(schema.format, "+s");
  ASSERT_EQ(schema.n_children, static_cast<std::int64_t>(expected.size()));
  ASSERT_EQ(array.n_children, schema.n_children);
  EXPECT_EQ(array.length, 9);
  EXPECT_EQ(array.null_count, 0);
  EXPECT_EQ(array.n_buffers, 1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(schema.children[i]->name, expected[i].first);
    EXPECT_EQ(schema.children[i]->format, expected[i].second);
    EXPECT_EQ(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
    EXPECT_EQ(array.children[i]->length, 9);
    EXPECT_EQ(array.children[i]->offset, 0);
  }
  EXPECT_EQ(array.children[0]->n_buffers, 0);
  EXPECT_EQ(array.children[0]->null_count, 9);
  EXPECT_EQ(array.children[1]->buffers[0], nullptr);
  EXPECT_EQ(array.children[1]->null_count, 0);
  EXPECT_EQ(array.children[2]->null_count, 4);
  EXPECT_EQ(array.children[5]->n_buffers, 3);
  EXPECT_EQ(decode_metadata(schema.children[10]->metadata),
            (ArrowMetadata{{"vdk.type", "decimal"}}));
  EXPECT_EQ(schema.children[5]->metadata, nullptr);
  array.release(&array);
  schema.release(&schema);
  EXPECT_EQ(array.release, nullptr);
  EXPECT_EQ(schema.release, nullptr);
}

TEST(ArrowExport, a_batch_without_rows_has_buffers_all_the_same) {
  Column number{{"number", ColumnType::integer}};
  Column word{{"word", ColumnType::text}};
  ArrowSchema schema;
  ArrowArray array;
  Batch::export_to_arrow(Batch({number, word}, 0), &schema, &array);
  EXPECT_NE(array.children[0]->buffers[1], nullptr);
  ASSERT_NE(array.children[1]->buffers[1], nullptr);
  EXPECT_EQ(*static_cast<const std::int64_t*>(array.children[1]->buffers[1]), 0);
  EXPECT_NE(array.children[1]->buffers[2], nullptr);
  array.release(&array);
  schema.release(&schema);
}

TEST(ArrowExport, a_child_that_was_moved_out_outlives_its_parent) {
  ArrowSchema schema;
  ArrowArray array;
  Batch::export_to_arrow(batch_of_every_type(9), &schema, &array);
  ArrowArray moved = *array.children[1];
  array.children[1]->release = nullptr;
  ArrowSchema moved_schema = *schema.children[1];
  schema.children[1]->release = nullptr;
  array.release(&array);
  schema.release(&schema);
  EXPECT_EQ(static_cast<const std::int64_t*>(moved.buffers[1])[8], 8);
  EXPECT_STREQ(moved_schema.name, "full");
  moved.release(&moved);
  moved_schema.release(&moved_schema);
}

}  // namespace
}  // namespace vdk
