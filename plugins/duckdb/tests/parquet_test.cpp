#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "duckdb_connection.hpp"
#include "duckdb_parquet.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk::duckdb {
namespace {

namespace fs = std::filesystem;

class ParquetTest : public testing::Test {
 protected:
  ParquetTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::temp_directory_path() /
                 ("vdk-parquet-" + std::to_string(getpid()) + "-" + std::string(test->name()));
    fs::create_directories(directory_);
  }
  ~ParquetTest() override { fs::remove_all(directory_); }

  void SetUp() override {
    if (!fs::exists(VDK_BUILD_DIR "/lib/vdk/libduckdb.so")) {
      GTEST_SKIP() << "DuckDB's shared library is not here: run tools/bootstrap";
    }
  }

  static Configuration configuration() {
    ConfigurationBuilder builder;
    builder.add({.key = "duckdb_library", .default_value = VDK_BUILD_DIR "/lib/vdk/libduckdb.so"});
    return builder.build();
  }
  InputFile file(const std::string& query, const std::string& name = "file.parquet") {
    const fs::path path = directory_ / name;
    Connection connection(load_api(configuration()), {.path = ":memory:"});
    (void)connection.query("COPY (" + query + ") TO '" + path.string() + "' (FORMAT parquet)");
    return {path, name};
  }
  // A cell is its text; ~ is null.
  std::vector<std::vector<std::string>> read(const std::vector<InputFile>& files) {
    ParquetReader reader(configuration(), files);
    std::vector<std::vector<std::string>> rows;
    while (const auto batch = reader.next()) {
      ++batches_;
      types_.clear();
      for (const Field& field : batch->schema()) {
        types_ += field.name + ':' + std::string(to_string(field.type)) + ' ';
      }
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        auto& cells = rows.emplace_back();
        for (const Column& column : batch->columns()) {
          std::string cell;
          append_cell_text(cell, column, row);
          cells.push_back(column.is_null(row) ? "~" : cell);
        }
      }
    }
    EXPECT_DOUBLE_EQ(reader.progress(), 1);
    return rows;
  }

  fs::path directory_;
  std::string types_;
  int batches_ = 0;
};

using Rows = std::vector<std::vector<std::string>>;

TEST_F(ParquetTest, every_type_keeps_its_values) {
  const InputFile written = file(
      "SELECT true AS b, -7::TINYINT AS i8, 4294967295::UINTEGER AS u32, 1.5::FLOAT AS f, "
      "'é' AS t, '\\x00\\xFF'::BLOB AS x, DATE '1969-12-31' AS d, "
      "TIMESTAMP '2020-01-02 03:04:05.000006' AS ts, TIMESTAMPTZ '2020-01-01 01:00:00+01' AS tz, "
      "1.50::DECIMAL(10,2) AS dec, {'a': [1, NULL]} AS s, [1, 2] AS l, "
      "MAP {'k': 1} AS m, TIME '01:02:03' AS ti");
  EXPECT_EQ(read({written}),
            (Rows{{"True", "-7", "4294967295", "1.5", "é", "b'\\x00\\xff'", "1969-12-31",
                   "2020-01-02T03:04:05.000006", "2020-01-01T00:00:00+00:00", "1.50",
                   R"({"a":[1,null]})", "[1,2]", R"({"k":1})", "01:02:03"}}));
  EXPECT_EQ(types_,
            "b:boolean i8:integer u32:integer f:real t:text x:binary d:date ts:timestamp "
            "tz:timestamp with time zone dec:decimal s:json l:json m:json ti:text ");
}

TEST_F(ParquetTest, nothing_is_rounded) {
  EXPECT_EQ(read({file("SELECT TIMESTAMP_NS '2020-01-01 00:00:00.000000001' AS n, "
                       "18446744073709551615::UBIGINT AS u")}),
            (Rows{{"2020-01-01 00:00:00.000000001", "18446744073709551615"}}));
  EXPECT_EQ(types_, "n:text u:decimal ");
  EXPECT_EQ(read({file("SELECT TIMESTAMP_NS '2020-01-01 00:00:00.000001' AS n, 5::UBIGINT AS u")}),
            (Rows{{"2020-01-01T00:00:00.000001", "5"}}));
  EXPECT_EQ(types_, "n:timestamp u:integer ");
}

TEST_F(ParquetTest, nulls_stand_where_they_stood) {
  const auto rows =
      read({file("SELECT CASE WHEN i % 3 <> 0 THEN i END AS i, CASE WHEN i % 5 <> 0 THEN 'v' || i "
                 "END AS t, CASE WHEN i > 3000 THEN i % 2 = 0 END AS b FROM range(5000) AS r(i)")});
  ASSERT_EQ(rows.size(), 5000U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string number = std::to_string(i);
    ASSERT_EQ(rows[i][0], i % 3 != 0 ? number : "~");
    ASSERT_EQ(rows[i][1], i % 5 != 0 ? "v" + number : "~");
    ASSERT_EQ(rows[i][2], i > 3000 ? (i % 2 == 0 ? "True" : "False") : "~");
  }
}

TEST_F(ParquetTest, large_files_come_in_batches_and_in_order) {
  const auto rows = read({file("SELECT i, repeat('x', 20) AS t FROM range(300000) AS r(i)")});
  ASSERT_EQ(rows.size(), 300'000U);
  EXPECT_GT(batches_, 1);
  EXPECT_EQ(rows[123'456][0], "123456");
  EXPECT_EQ(rows.back()[0], "299999");
}

TEST_F(ParquetTest, several_files_are_one_source_by_names) {
  EXPECT_EQ(read({file("SELECT 1 AS a, 'x' AS b", "1.parquet"),
                  file("SELECT 'y' AS b, 2.5::DOUBLE AS a", "2.parquet")}),
            (Rows{{"1.0", "x"}, {"2.5", "y"}}));
}

TEST_F(ParquetTest, names_of_files_are_no_patterns) {
  file("SELECT 1 AS a", "x1.parquet");
  EXPECT_EQ(read({file("SELECT 2 AS a", "x[1*?].parquet")}), (Rows{{"2"}}));
}

TEST_F(ParquetTest, folders_of_partitions_add_no_columns) {
  fs::create_directories(directory_ / "year=2020");
  EXPECT_EQ(read({file("SELECT 1 AS a", "year=2020/x.parquet")}), (Rows{{"1"}}));
  EXPECT_EQ(types_, "a:integer ");
}

TEST_F(ParquetTest, what_is_no_parquet_file_is_refused_by_its_name) {
  std::ofstream(directory_ / "text.parquet") << "a,b\n1,2\n";
  try {
    (void)read({{directory_ / "text.parquet", "text.parquet"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text().what, "text.parquet cannot be read as Parquet.");
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
}

}  // namespace
}  // namespace vdk::duckdb
