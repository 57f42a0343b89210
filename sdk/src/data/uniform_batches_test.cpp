#include "vdk/data/uniform_batches.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/data/arrow_import.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk {
namespace {

using Fill = std::function<void(BatchBuilder&)>;

Batch batch_of(const std::vector<Fill>& rows) {
  BatchBuilder builder;
  (void)builder.column("x");
  for (const Fill& fill : rows) {
    fill(builder);
    builder.end_row();
  }
  return builder.finish();
}

Fill integer(std::int64_t value) {
  return [=](BatchBuilder& builder) { builder.append_integer(0, value); };
}
Fill real(double value) {
  return [=](BatchBuilder& builder) { builder.append_real(0, value); };
}
Fill text(std::string value) {
  return [=](BatchBuilder& builder) { builder.append_text(0, value); };
}
Fill null() {
  return [](BatchBuilder& builder) { builder.append_null(0); };
}

std::shared_ptr<UniformBatches> stream_of(std::vector<Batch> batches,
                                          ColumnType known = ColumnType::null) {
  auto left = std::make_shared<std::deque<Batch>>(batches.begin(), batches.end());
  const auto next = [left]() -> std::optional<Batch> {
    if (left->empty()) return std::nullopt;
    Batch batch = std::move(left->front());
    left->pop_front();
    return batch;
  };
  return std::make_shared<UniformBatches>(next, Schema{{"x", known}});
}

TEST(UniformBatches, later_batches_take_the_first_ones_types) {
  const auto batches = stream_of({batch_of({real(0.5)}), batch_of({integer(2), null()})});
  EXPECT_EQ(batches->schema(), (Schema{{"x", ColumnType::real}}));
  (void)batches->next();
  const auto second = batches->next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->rows(), 2U);
  EXPECT_EQ(second->columns()[0].field.type, ColumnType::real);
  EXPECT_EQ(second->columns()[0].real(0), 2.0);
  EXPECT_TRUE(second->columns()[0].is_null(1));
  EXPECT_FALSE(batches->next());
}

TEST(UniformBatches, a_column_without_a_value_at_first_becomes_text) {
  const auto batches =
      stream_of({batch_of({null()}), batch_of({integer(7)}), batch_of({text("a")})});
  EXPECT_EQ(batches->schema(), (Schema{{"x", ColumnType::text}}));
  EXPECT_TRUE(batches->next()->columns()[0].is_null(0));
  EXPECT_EQ(batches->next()->columns()[0].bytes(0), "7");
  EXPECT_EQ(batches->next()->columns()[0].bytes(0), "a");
}

TEST(UniformBatches, a_known_type_is_kept_whatever_the_values) {
  const auto batches =
      stream_of({batch_of({null(), null()}), batch_of({integer(7)})}, ColumnType::real);
  EXPECT_EQ(batches->schema(), (Schema{{"x", ColumnType::real}}));
  EXPECT_TRUE(batches->next()->columns()[0].is_null(1));
  EXPECT_EQ(batches->next()->columns()[0].real(0), 7.0);
}

TEST(UniformBatches, a_value_that_does_not_fit_is_named_by_its_column) {
  const auto batches = stream_of({batch_of({integer(1)}), batch_of({text("a")})});
  (void)batches->next();
  try {
    (void)batches->next();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.text().what.find("'x'"), std::string::npos);
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
}

TEST(UniformBatches, without_rows_the_columns_are_still_known) {
  const auto batches = stream_of({});
  EXPECT_EQ(batches->schema(), (Schema{{"x", ColumnType::null}}));
  EXPECT_FALSE(batches->next());
}

TEST(UniformBatches, an_arrow_stream_of_them_reads_back) {
  ArrowArrayStream stream{};
  export_stream(stream_of({batch_of({integer(1), integer(2)}), batch_of({integer(3)})}), &stream);
  ArrowBatchReader reader(&stream);
  std::vector<std::int64_t> read;
  while (const auto batch = reader.next()) {
    for (std::size_t i = 0; i < batch->rows(); ++i) {
      read.push_back(batch->columns()[0].integer(i));
    }
  }
  EXPECT_EQ(read, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(UniformBatches, a_stream_opened_for_its_schema_takes_no_rows) {
  const auto batches = stream_of({batch_of({integer(1)})});
  ArrowArrayStream looked{};
  export_stream(batches, &looked);
  ArrowSchema schema{};
  ASSERT_EQ(looked.get_schema(&looked, &schema), 0);
  schema.release(&schema);
  looked.release(&looked);
  ArrowArrayStream read{};
  export_stream(batches, &read);
  ArrowBatchReader reader(&read);
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
}

TEST(UniformBatches, an_arrow_stream_tells_why_it_failed) {
  ArrowArrayStream stream{};
  export_stream(stream_of({batch_of({integer(1)}), batch_of({text("a")})}), &stream);
  ArrowArray array{};
  ASSERT_EQ(stream.get_next(&stream, &array), 0);
  array.release(&array);
  EXPECT_NE(stream.get_next(&stream, &array), 0);
  EXPECT_NE(std::string(stream.get_last_error(&stream)).find("CAST"), std::string::npos);
  stream.release(&stream);
}

}  // namespace
}  // namespace vdk
