#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include "duckdb_connection.hpp"
#include "duckdb_parquet.hpp"
#include "duckdb_parquet_writer.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::duckdb {
namespace {

namespace fs = std::filesystem;

class ParquetWriterTest : public testing::Test {
 protected:
  ParquetWriterTest()
      : directory_(fs::temp_directory_path() / ("vdk-parquet-writer-" + std::to_string(getpid()))) {
    fs::create_directories(directory_);
  }
  ~ParquetWriterTest() override { fs::remove_all(directory_); }

  void SetUp() override {
    if (!fs::exists(VDK_BUILD_DIR "/lib/vdk/libduckdb.so")) {
      GTEST_SKIP() << "DuckDB's shared library is not here: run tools/bootstrap";
    }
  }

  static Configuration configuration() {
    ConfigurationBuilder builder;
    builder.add({.key = "duckdb_library", .default_value = VDK_BUILD_DIR "/lib/vdk/libduckdb.so"})
        .add({.key = "ingest_create_tables", .default_value = false})
        .add({.key = "ingest_contract", .default_value = "freeze"});
    return builder.build();
  }
  static Batch batch(const std::function<void(BatchBuilder&)>& fill) {
    BatchBuilder builder;
    fill(builder);
    return builder.finish();
  }
  fs::path write(const std::vector<Batch>& batches) {
    const fs::path path = directory_ / "out.parquet";
    std::ofstream out(path, std::ios::binary);
    ParquetWriter writer(configuration(), [&](std::string_view bytes) { out << bytes; });
    for (const Batch& each : batches) writer.write(each);
    writer.finish();
    return path;
  }
  // Each row as the engine's text.
  static std::string rows(const fs::path& path) {
    return listed("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM '" + path.string() + "'");
  }
  static std::string types(const fs::path& path) {
    return listed("SELECT column_name, column_type FROM (DESCRIBE FROM '" + path.string() + "')");
  }
  static std::string listed(const std::string& query) {
    Connection connection(load_api(configuration()), {.path = ":memory:"});
    std::string text;
    for (const auto& row : connection.query(query)) {
      for (const Value& cell : row) text += (&cell == row.data() ? "" : " ") + to_python_text(cell);
      text += '|';
    }
    return text;
  }

  const fs::path directory_;
};

TEST_F(ParquetWriterTest, values_and_types_are_kept) {
  const fs::path path = write({batch([](BatchBuilder& row) {
    row.append_boolean(row.column("b"), true);
    row.append_integer(row.column("i"), -7);
    row.append_real(row.column("r"), 0.5);
    row.append_text(row.column("t"), "é");
    row.append_binary(row.column("x"), std::string_view("\0\xFF", 2));
    row.append_date(row.column("d"), 1);
    row.append_timestamp(row.column("ts"), 1);
    row.append_timestamp_utc(row.column("tz"), 0);
    row.append_decimal(row.column("dec"), "1.50");
    row.append_json(row.column("j"), "[1]");
    row.append_null(row.column("n"));
    row.end_row();
  })});
  EXPECT_EQ(types(path),
            "b BOOLEAN|i BIGINT|r DOUBLE|t VARCHAR|x BLOB|d DATE|ts TIMESTAMP|"
            "tz TIMESTAMP WITH TIME ZONE|dec DECIMAL(38,2)|j JSON|n VARCHAR|");
  EXPECT_TRUE(rows(path).starts_with(
      R"(true -7 0.5 é \x00\xFF 1970-01-02 1970-01-01 00:00:00.000001 1970-01-01 )"))
      << rows(path);
  EXPECT_TRUE(rows(path).ends_with(" 1.50 [1] None|")) << rows(path);
}

TEST_F(ParquetWriterTest, columns_follow_the_rows) {
  const auto first = [](BatchBuilder& row) {
    row.append_integer(row.column("a"), 1);
    row.append_null(row.column("n"));
    row.end_row();
  };
  const auto second = [](BatchBuilder& row) {
    row.append_text(row.column("a"), "x");
    row.append_integer(row.column("n"), 2);
    row.append_boolean(row.column("new"), true);
    row.end_row();
  };
  const fs::path path = write({batch(first), batch(second)});
  EXPECT_EQ(types(path), "a VARCHAR|n BIGINT|new BOOLEAN|");
  EXPECT_EQ(rows(path), "1 None None|x 2 true|");
}

TEST_F(ParquetWriterTest, order_is_kept_over_many_batches) {
  std::vector<Batch> batches;
  constexpr std::int64_t kRows = 250'000;
  for (std::int64_t begin = 0; begin < kRows; begin += 50'000) {
    batches.push_back(batch([begin](BatchBuilder& row) {
      for (std::int64_t i = begin; i < begin + 50'000; ++i) {
        row.append_integer(row.column("i"), i);
        row.end_row();
      }
    }));
  }
  const fs::path path = write(batches);
  EXPECT_EQ(listed("SELECT count(*), bool_and(i = file_row_number) FROM read_parquet('" +
                   path.string() + "', file_row_number = true)"),
            "250000 True|");
}

TEST_F(ParquetWriterTest, a_file_without_rows_has_its_columns) {
  Column name{{"name", ColumnType::text}};
  name.offsets = {0};
  const fs::path path = write({Batch({Column{{"id", ColumnType::integer}}, name}, 0)});
  EXPECT_EQ(types(path), "id BIGINT|name VARCHAR|");
  EXPECT_EQ(rows(path), "");
}

TEST_F(ParquetWriterTest, what_cannot_be_stored_is_refused_by_its_row) {
  const Batch wrong = batch([](BatchBuilder& row) {
    row.append_text(row.column("t"), "fine");
    row.end_row();
    row.append_text(row.column("t"), "\xED\xA0\x80");
    row.end_row();
  });
  try {
    (void)write({wrong});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text().what, "Row 2 cannot be written to a Parquet file (not_utf8, column t).");
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
}

}  // namespace
}  // namespace vdk::duckdb
