#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "duckdb_connection.hpp"
#include "duckdb_sink.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::duckdb {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

std::string library() {
  for (const char* path :
       {VDK_BUILD_DIR "/lib/vdk/libduckdb.so", VDK_SOURCE_DIR "/.deps/duckdb/libduckdb.so"}) {
    if (fs::exists(path)) {
      return path;
    }
  }
  return {};
}

Configuration configuration(std::string_view key = {}, Value value = {}) {
  ConfigurationBuilder builder;
  builder.add({.key = "duckdb_database", .default_value = ":memory:"});
  builder.add({.key = "duckdb_ingest_auto_create_table_enabled", .default_value = true});
  builder.add({.key = "duckdb_configuration_dictionary"});
  builder.add({.key = "duckdb_library", .default_value = library()});
  if (!key.empty()) {
    builder.set(key, std::move(value), {OriginKind::command_line, "-c"});
  }
  return builder.build();
}

class DuckdbTest : public testing::Test {
 protected:
  void SetUp() override {
    if (library().empty()) {
      GTEST_SKIP() << "DuckDB's shared library is not here: run tools/bootstrap";
    }
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ =
        fs::temp_directory_path() / ("vdk-duckdb-" + std::to_string(getpid()) + "-" + test->name());
    fs::create_directories(directory_);
    place_.path = directory_ / "test.db";
  }
  void TearDown() override {
    anchor_.reset();
    if (!directory_.empty()) {
      fs::remove_all(directory_);
    }
  }

  static const Api& api() { return load_api(configuration()); }
  // Opening an engine costs more than most of these tests: one connection keeps it open, where
  // nobody else needs it.
  void keep_engine_open() { anchor_ = std::make_unique<Connection>(api(), place_); }

  [[nodiscard]] std::unique_ptr<DriverConnection> connect() const {
    return std::make_unique<DuckdbConnection>(std::make_shared<Connection>(api(), place_));
  }
  [[nodiscard]] std::unique_ptr<DuckdbSink> sink(bool create = true) const {
    return std::make_unique<DuckdbSink>(
        api(), DuckdbSink::Options{.place = place_, .create_tables = create});
  }
  [[nodiscard]] Rows query(std::string_view sql) const {
    const auto connection = connect();
    const auto stream = connection->execute(sql);
    Rows rows;
    Row row;
    while (stream && stream->next(row)) {
      rows.push_back(row);
    }
    return rows;
  }

  fs::path directory_;
  Place place_;
  std::unique_ptr<Connection> anchor_;
};

Destination to_table(std::string table) {
  return {.method = "duckdb", .target = "ignored", .table = std::move(table), .collection_id = "c"};
}

Batch numbers(std::int64_t from, std::int64_t count) {
  BatchBuilder builder;
  const auto column = builder.column("n");
  for (std::int64_t i = 0; i < count; ++i) {
    builder.append_integer(column, from + i);
    builder.end_row();
  }
  return builder.finish();
}

Batch one(std::string_view column, const std::function<void(BatchBuilder&, std::size_t)>& append) {
  BatchBuilder builder;
  append(builder, builder.column(column));
  builder.end_row();
  return builder.finish();
}

Batch one_text(std::string_view column, std::string_view text) {
  return one(column,
             [&](BatchBuilder& builder, std::size_t index) { builder.append_text(index, text); });
}

template <class Call>
std::pair<Error, std::string> error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error, error.type_name()};
  }
  ADD_FAILURE() << "no error";
  return {user_error({.what = "none"}), ""};
}

// ---- library ---------------------------------------------------------------------------------

TEST(DuckdbLibrary, an_old_version_is_refused_with_both_versions) {
  EXPECT_EQ(why_too_old("v2.0.0"), "");
  EXPECT_EQ(why_too_old("v10.3.1-dev5"), "");
  EXPECT_NE(why_too_old("v1.5.6").find("version v1.5.6, and version 2.0"), std::string::npos);
  EXPECT_NE(why_too_old("unknown"), "");
}

TEST(DuckdbLibrary, an_absent_library_says_how_to_get_one) {
  const auto [error, type] =
      error_of([] { (void)load_api(configuration("duckdb_library", "/nowhere/libduckdb.so")); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_NE(error.text().why.find("/nowhere/libduckdb.so"), std::string::npos);
  EXPECT_NE(error.text().countermeasure.find("duckdb_library"), std::string::npos);
}

TEST(DuckdbLibrary, a_library_that_is_not_duckdb_is_refused) {
  const auto [error, type] =
      error_of([] { (void)load_api(configuration("duckdb_library", "libc.so.6")); });
  EXPECT_NE(error.text().what.find("is not DuckDB"), std::string::npos);
}

// ---- driver ----------------------------------------------------------------------------------

TEST_F(DuckdbTest, runs_a_script_and_returns_the_rows_of_its_last_statement) {
  keep_engine_open();
  const auto connection = connect();
  const auto rows = connection->execute(
      "create table t (i integer, s varchar); insert into t values (1, 'a;b'), (null, null); -- "
      "note;\n"
      "select i, s, i * 0.5 as half from t");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->columns().size(), 3U);
  EXPECT_EQ(rows->columns()[0].type, "INTEGER");
  EXPECT_EQ(rows->columns()[2].name, "half");
  EXPECT_EQ(rows->columns()[2].type.substr(0, 8), "DECIMAL(");
  Row row;
  ASSERT_TRUE(rows->next(row));
  EXPECT_EQ(row, (Row{1, "a;b", "0.5"}));
  ASSERT_TRUE(rows->next(row));
  EXPECT_TRUE(row[0].is_null() && row[1].is_null() && row[2].is_null());
  EXPECT_FALSE(rows->next(row));
  EXPECT_FALSE(rows->next(row));
}

TEST_F(DuckdbTest, statements_without_rows_return_nothing) {
  keep_engine_open();
  EXPECT_FALSE(connect()->execute("create table t (a integer)"));
  EXPECT_FALSE(connect()->execute("insert into t values (1)"));
  EXPECT_FALSE(connect()->execute("-- only a comment"));
  EXPECT_FALSE(connect()->execute(""));
  EXPECT_TRUE(connect()->execute("insert into t values (2) returning a"));
  EXPECT_EQ(query("select a from t order by a"), (Rows{{1}, {2}}));
}

TEST_F(DuckdbTest, texts_of_values_are_those_of_the_engine) {
  keep_engine_open();
  const std::vector<std::string> literals{"date '2024-02-29'",
                                          "date '0044-03-15 (BC)'",
                                          "date '12345-01-01'",
                                          "date 'infinity'",
                                          "date '-infinity'",
                                          "time '23:59:59.5'",
                                          "timestamp '1969-12-31 23:59:59.999999'",
                                          "timestamp '2024-01-01 00:00:00'",
                                          "timestamp 'infinity'",
                                          "timestamp_s '2024-01-01 01:02:03'",
                                          "timestamp_ms '2024-01-01 01:02:03.004'",
                                          "timestamp_ns '2024-01-01 01:02:03.000000004'",
                                          "timestamptz '2024-01-01 01:02:03+02'",
                                          "timetz '01:02:03.25+05:30'",
                                          "timetz '01:02:03-11'",
                                          "interval '14 months 3 days 04:05:06.7'",
                                          "interval '-1 month -25:00:00.5'",
                                          "interval '0 days'",
                                          "interval '1 year'",
                                          "uuid '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
                                          "uuid '00000000-0000-0000-0000-000000000001'",
                                          "bit '10101'",
                                          "bit '1'",
                                          "'sad'::enum('happy', 'sad')",
                                          "1.10::decimal(4,2)",
                                          "-0.05::decimal(18,2)",
                                          "123456789012345678901234567890.12345678::decimal(38,8)",
                                          "7::decimal(38,0)",
                                          "timestamp '0044-03-15 (BC) 12:00:00'"};
  for (const std::string& literal : literals) {
    const Rows rows =
        query("set timezone = 'UTC'; select x, x::varchar from (select " + literal + " as x)");
    EXPECT_EQ(rows.at(0).at(0), rows.at(0).at(1)) << literal << ": " << to_json(rows.at(0).at(0))
                                                  << " instead of " << to_json(rows.at(0).at(1));
  }
}

TEST_F(DuckdbTest, integers_of_any_size_are_exact) {
  keep_engine_open();
  const Rows rows = query(
      "select (-128)::tinyint, 65535::usmallint, 9223372036854775807::ubigint, "
      "18446744073709551615::ubigint, "
      "(-170141183460469231731687303715884105728)::hugeint, 5::hugeint, (-1)::hugeint, "
      "340282366920938463463374607431768211455::uhugeint");
  EXPECT_EQ(rows, (Rows{{-128, 65535, std::numeric_limits<std::int64_t>::max(),
                         Value::BigInteger{"18446744073709551615"},
                         Value::BigInteger{"-170141183460469231731687303715884105728"}, 5, -1,
                         Value::BigInteger{"340282366920938463463374607431768211455"}}}));
}

TEST_F(DuckdbTest, nested_values_come_as_lists_and_maps) {
  keep_engine_open();
  EXPECT_EQ(
      to_json(query("select [1, null, 3], {'a': [{'b': 'x'}], 'c': null}, map {'k': 1, 'l': 2}, "
                    "[1, 2]::integer[2], "
                    "row(1, 'x'), union_value(num := 2), []::integer[], '{\"j\": 1}'::json")
                  .at(0)),
      R"([[1, null, 3], {"a": [{"b": "x"}], "c": null}, {"k": 1, "l": 2}, [1, 2], [1, "x"], 2, [], "{\"j\": 1}"])");
}

TEST_F(DuckdbTest, lists_are_right_across_chunks) {
  keep_engine_open();
  const Rows rows = query("select [i, i + 1], [i]::bigint[1] from range(5000) r(i) order by i");
  ASSERT_EQ(rows.size(), 5000U);
  for (std::int64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(rows[static_cast<std::size_t>(i)], (Row{Value::List{i, i + 1}, Value::List{i}}));
  }
}

TEST_F(DuckdbTest, an_error_keeps_the_engines_text_kind_and_place) {
  keep_engine_open();
  const auto [error, type] =
      error_of([&] { (void)connect()->execute("select 1;\nselect a\nfrom absent"); });
  EXPECT_EQ(error.text().what, "Catalog Error: Table with name absent does not exist!");
  EXPECT_NE(error.text().why.find("LINE"), std::string::npos) << error.what();
  EXPECT_NE(error.text().consequence.find("statement 2 of 2"), std::string::npos);
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(type, "CatalogException");
  EXPECT_EQ(error_of([&] { (void)connect()->execute("selec 1"); }).second, "ParserException");
  EXPECT_EQ(error_of([&] { (void)connect()->execute("select 'x'::integer")->drain(); }).second,
            "ConversionException");
}

TEST_F(DuckdbTest, a_syntax_error_anywhere_stops_the_whole_script) {
  keep_engine_open();
  EXPECT_THROW((void)connect()->execute("create table t (a integer); selec 1"), Error);
  EXPECT_EQ(query("select count(*) from duckdb_tables()"), Rows{{0}});
}

TEST_F(DuckdbTest, each_statement_commits_unless_the_script_says_otherwise) {
  EXPECT_THROW((void)connect()->execute(
                   "create table t (a integer); insert into t values (1); select * from absent"),
               Error);
  (void)connect()->execute("begin; insert into t values (2); rollback");
  EXPECT_EQ(query("select count(*) from t"), Rows{{1}});
}

TEST_F(DuckdbTest, an_error_in_the_middle_of_the_rows_is_not_swallowed) {
  keep_engine_open();
  const auto connection = connect();
  const auto rows = connection->execute(
      "select case when i < 100000 then i else error('late') end from range(200000) r(i)");
  const auto [error, type] = error_of([&] { rows->drain(); });
  EXPECT_NE(error.text().what.find("late"), std::string::npos);
}

TEST_F(DuckdbTest, a_text_with_a_nul_byte_is_refused_whole) {
  keep_engine_open();
  EXPECT_THROW((void)connect()->execute(std::string_view("select 1\0; drop table t", 23)), Error);
}

TEST_F(DuckdbTest, a_type_that_cannot_be_read_asks_for_a_cast) {
  keep_engine_open();
  const auto connection = connect();
  const auto [error, type] = error_of([&] { (void)connection->execute("select 1::bignum as x"); });
  EXPECT_NE(error.text().countermeasure.find("Cast"), std::string::npos);
}

TEST_F(DuckdbTest, interrupting_ends_a_running_statement) {
  keep_engine_open();
  const auto connection = connect();
  auto result = std::async(std::launch::async, [&] {
    return error_of([&] {
             (void)connection
                 ->execute("select count(*) from range(10000000000) a(i) where i % 7 = hash(i) % 7")
                 ->drain();
           })
        .second;
  });
  while (result.wait_for(milliseconds(20)) != std::future_status::ready) {
    connection->interrupt();
  }
  EXPECT_EQ(result.get(), "InterruptException");
  EXPECT_FALSE(connection->execute("create table after_it (a integer)"));
}

TEST_F(DuckdbTest, settings_are_applied) {
  place_.settings =
      configured_place(configuration("duckdb_configuration_dictionary",
                                     R"({"threads": 1, "default_null_order": "nulls_first"})"))
          .settings;
  EXPECT_EQ(query("select current_setting('threads'), current_setting('default_null_order')"),
            (Rows{{1, "NULLS_FIRST"}}));
}

TEST_F(DuckdbTest, wrong_settings_are_configuration_errors) {
  for (const char* text : {"{broken", "[1]"}) {
    const auto [error, type] = error_of(
        [&] { (void)configured_place(configuration("duckdb_configuration_dictionary", text)); });
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  }
  place_.settings = {{"no_such_setting", "1"}};
  const auto [error, type] = error_of([&] { (void)connect(); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_NE(error.what() + std::string(), std::string());
  EXPECT_NE(std::string(error.what()).find("no_such_setting"), std::string::npos);
}

TEST_F(DuckdbTest, a_file_that_is_no_database_is_a_configuration_error) {
  std::ofstream(place_.path) << std::string(20'000, 'x');
  const auto [error, type] = error_of([&] { (void)connect(); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_NE(error.text().what.find(place_.path), std::string::npos);
}

TEST_F(DuckdbTest, a_file_that_another_process_holds_says_so) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto connection = connect();
    if (write(pipe_ends[1], "x", 1) != 1) {
      _exit(1);
    }
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(pipe_ends[0], &byte, 1), 1);
  const auto [error, type] = error_of([&] { (void)connect(); });
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_NE(error.text().countermeasure.find("other process"), std::string::npos) << error.what();
}

TEST_F(DuckdbTest, users_of_one_file_share_one_engine_however_they_spell_it) {
  const auto first = connect();
  (void)first->execute("create table t (a integer); insert into t values (1)");
  place_.path = (directory_ / "." / "sub" / ".." / "test.db").string();
  fs::create_directories(directory_ / "sub");
  EXPECT_EQ(query("select a from t"), Rows{{1}});
  (void)first->execute("set global default_null_order = 'nulls_first'");
  EXPECT_EQ(query("select current_setting('default_null_order')"), Rows{{"NULLS_FIRST"}});
}

TEST_F(DuckdbTest, a_database_in_memory_is_shared_while_it_is_open) {
  place_.path = ":memory:";
  const auto connection = connect();
  sink()->write(to_table("t"), numbers(1, 3));
  EXPECT_EQ(query("select count(*) from t"), Rows{{3}});
}

// ---- sink ------------------------------------------------------------------------------------

TEST_F(DuckdbTest, creates_the_table_with_real_types) {
  keep_engine_open();
  BatchBuilder builder;
  builder.append_boolean(builder.column("flag"), true);
  builder.append_integer(builder.column("count"), std::int64_t{1} << 40);
  builder.append_real(builder.column("ratio"), 1.1);
  builder.append_text(builder.column("select"), "it's");
  builder.append_binary(builder.column("raw"), std::string_view("\0\xff", 2));
  builder.append_date(builder.column("day"), 19'723);
  builder.append_timestamp(builder.column("at"), 1'704'067'199'000'001);
  builder.append_timestamp_utc(builder.column("utc"), 1'704'067'199'000'000);
  builder.append_decimal(builder.column("price"), "1234567890123456789.01");
  builder.append_json(builder.column("nested \"x\""), R"({"a":[1]})");
  builder.append_null(builder.column("nothing"));
  builder.end_row();
  sink()->write(to_table("new table"), builder.finish());
  EXPECT_EQ(query("select column_name, data_type from duckdb_columns() where table_name = 'new "
                  "table' order by column_index"),
            (Rows{{"flag", "BOOLEAN"},
                  {"count", "BIGINT"},
                  {"ratio", "DOUBLE"},
                  {"select", "VARCHAR"},
                  {"raw", "BLOB"},
                  {"day", "DATE"},
                  {"at", "TIMESTAMP"},
                  {"utc", "TIMESTAMP WITH TIME ZONE"},
                  {"price", "DECIMAL(38,2)"},
                  {"nested \"x\"", "JSON"},
                  {"nothing", "VARCHAR"}}));
  EXPECT_EQ(query("select * from \"new table\""),
            (Rows{{true, std::int64_t{1} << 40, 1.1, "it's", "00ff", "2024-01-01",
                   "2023-12-31 23:59:59.000001", "2023-12-31 23:59:59+00", "1234567890123456789.01",
                   R"({"a":[1]})", nullptr}}));
}

TEST_F(DuckdbTest, nulls_and_long_texts_are_right_across_chunks) {
  keep_engine_open();
  BatchBuilder builder;
  const auto number = builder.column("n");
  const auto text = builder.column("t");
  const auto flag = builder.column("f");
  constexpr std::int64_t kRows = 5'003;
  for (std::int64_t i = 0; i < kRows; ++i) {
    if (i % 3 != 0) {
      builder.append_integer(number, i);
    }
    if (i % 5 != 0) {
      builder.append_text(text, std::string(static_cast<std::size_t>(i % 40), 'x'));
    }
    if (i % 7 != 0) {
      builder.append_boolean(flag, i % 2 == 0);
    }
    builder.end_row();
  }
  sink()->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select count(*), count(n), sum(n), count(t), sum(length(t)), count(f), "
                  "sum(f::integer) from t"),
            query("select count(*), count(*) filter (i % 3 <> 0), sum(i) filter (i % 3 <> 0), "
                  "count(*) filter (i % 5 <> 0), "
                  "sum(i % 40) filter (i % 5 <> 0), count(*) filter (i % 7 <> 0), count(*) filter "
                  "(i % 7 <> 0 and i % 2 = 0) "
                  "from range(5003) r(i)"));
}

TEST_F(DuckdbTest, poison_values_are_stored_exactly) {
  keep_engine_open();
  BatchBuilder builder;
  builder.append_text(builder.column("t"), std::string_view("a\0b", 3));
  builder.append_real(builder.column("inf"), -std::numeric_limits<double>::infinity());
  builder.append_real(builder.column("nan"), std::numeric_limits<double>::quiet_NaN());
  builder.append_text(builder.column("empty"), "");
  builder.append_integer(builder.column("min"), std::numeric_limits<std::int64_t>::min());
  builder.append_decimal(builder.column("d"), "NaN");
  builder.append_decimal(builder.column("wide"), std::string(40, '9'));
  builder.end_row();
  sink()->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select length(t), isinf(inf), isnan(nan), empty, min, d, wide from t"),
            (Rows{{3, true, true, "", std::numeric_limits<std::int64_t>::min(), "NaN",
                   std::string(40, '9')}}));
}

TEST_F(DuckdbTest, text_that_is_not_utf8_is_refused_with_its_row) {
  keep_engine_open();
  Column column{
      .field = {"t", ColumnType::text}, .offsets = {0, 1, 3}, .values = {'a', 0xff, 0xfe}};
  const auto [error, type] = error_of([&] { sink()->write(to_table("t"), Batch({column}, 2)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().why.find("row 2"), std::string::npos);
  EXPECT_EQ(query("select count(*) from duckdb_tables()"), Rows{{0}});
}

TEST_F(DuckdbTest, names_mean_first_what_they_mean_unquoted) {
  keep_engine_open();
  (void)connect()->execute(
      "create schema sales; create table sales.Orders (N integer); create table \"a.b\" (n "
      "integer)");
  const auto target = sink();
  target->write(to_table("SALES.orders"), numbers(1, 1));
  target->write(to_table("test.sales.orders"), numbers(2, 1));
  target->write(to_table("\"a.b\""), numbers(3, 1));
  target->write(to_table("test.fresh"), numbers(4, 1));
  target->write(to_table("order"), numbers(5, 1));
  EXPECT_EQ(query("select n from sales.orders"), (Rows{{1}, {2}}));
  EXPECT_EQ(query("select n from \"a.b\""), Rows{{3}});
  EXPECT_EQ(query("select n from main.fresh"), Rows{{4}});
  EXPECT_EQ(query("select n from main.\"order\""), Rows{{5}});
  EXPECT_EQ(parse_table_name("a.b.c.d").sql(), "\"a.b.c.d\"");
  EXPECT_EQ(parse_table_name("no-name; drop").sql(), "\"no-name; drop\"");
}

TEST_F(DuckdbTest, converts_to_the_types_of_existing_columns) {
  keep_engine_open();
  (void)connect()->execute("create table t (n varchar, k smallint, \"at\" varchar, day date)");
  BatchBuilder builder;
  builder.append_integer(builder.column("N"), 7);
  builder.append_text(builder.column("k"), "8");
  builder.append_timestamp(builder.column("at"), 1'704'067'199'000'001);
  builder.append_text(builder.column("day"), "2024-02-29");
  builder.end_row();
  sink()->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select * from t"), (Rows{{"7", 8, "2023-12-31 23:59:59.000001", "2024-02-29"}}));
  const auto [error, type] = error_of([&] { sink()->write(to_table("t"), one_text("k", "many")); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(query("select count(*) from t"), Rows{{1}});
}

TEST_F(DuckdbTest, missing_keys_become_the_default_or_null) {
  keep_engine_open();
  (void)connect()->execute(
      "create sequence s; create table t (id integer default nextval('s'), n integer, a varchar "
      "default 'x', b varchar)");
  sink()->write(to_table("t"), numbers(5, 2));
  EXPECT_EQ(query("select * from t order by n"),
            (Rows{{1, 5, "x", nullptr}, {2, 6, "x", nullptr}}));
}

TEST_F(DuckdbTest, widens_only_tables_that_it_made) {
  keep_engine_open();
  (void)connect()->execute("create table theirs (n integer)");
  const auto target = sink();
  target->write(to_table("ours"), numbers(1, 1));
  target->write(to_table("ours"), one_text("new column", "x"));
  target->write(to_table("ours"),
                one("n", [](BatchBuilder& b, std::size_t i) { b.append_real(i, 0.5); }));
  EXPECT_EQ(query("select n, \"new column\" from ours order by n"),
            (Rows{{0.5, nullptr}, {1.0, nullptr}, {nullptr, "x"}}));
  target->write(to_table("ours"), one_text("n", "seven"));
  EXPECT_EQ(query("select count(*) from ours where n = 'seven'"), Rows{{1}});
  const auto [error, type] =
      error_of([&] { target->write(to_table("theirs"), one_text("extra", "x")); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().what.find("extra"), std::string::npos);
  EXPECT_EQ(query("select count(*) from theirs"), Rows{{0}});
}

TEST_F(DuckdbTest, a_column_without_values_takes_the_type_of_the_first_one) {
  keep_engine_open();
  const auto target = sink();
  target->write(to_table("t"), one("x", [](BatchBuilder& b, std::size_t i) { b.append_null(i); }));
  target->write(to_table("t"),
                one("x", [](BatchBuilder& b, std::size_t i) { b.append_integer(i, 5); }));
  target->write(to_table("t"), one("x", [](BatchBuilder& b, std::size_t i) { b.append_null(i); }));
  EXPECT_EQ(query("select x, typeof(x) from t order by x"),
            (Rows{{5, "BIGINT"}, {nullptr, "BIGINT"}, {nullptr, "BIGINT"}}));
}

TEST_F(DuckdbTest, decimals_stay_exact_when_their_scale_grows) {
  keep_engine_open();
  const auto target = sink();
  for (const char* text : {"1.5", "-0.125", "1e3"}) {
    target->write(to_table("t"),
                  one("x", [&](BatchBuilder& b, std::size_t i) { b.append_decimal(i, text); }));
  }
  EXPECT_EQ(query("select x from t"), (Rows{{"1.500"}, {"-0.125"}, {"1e3"}}));
}

TEST_F(DuckdbTest, does_not_create_tables_where_that_is_switched_off) {
  keep_engine_open();
  const auto [error, type] = error_of([&] { sink(false)->write(to_table("t"), numbers(1, 1)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(error.text().what, "Cannot send payload for ingestion to DuckDB database.");
}

TEST_F(DuckdbTest, a_batch_is_stored_whole_or_not_at_all_and_later_ones_are_not_poisoned) {
  (void)connect()->execute("create table t (n integer check (n <> 3000))");
  const auto target = sink();
  const auto [error, type] = error_of([&] { target->write(to_table("t"), numbers(1, 5'000)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(type, "ConstraintException");
  EXPECT_EQ(query("select count(*) from t"), Rows{{0}});
  target->write(to_table("t"), numbers(4'000, 5));
  EXPECT_EQ(query("select count(*) from t"), Rows{{5}});
}

TEST_F(DuckdbTest, a_first_batch_that_fails_leaves_no_table_and_no_memory_of_it) {
  keep_engine_open();
  const auto target = sink();
  Column column{.field = {"t", ColumnType::text}, .offsets = {0, 1}, .values = {0xff}};
  EXPECT_THROW(target->write(to_table("t"), Batch({column}, 1)), Error);
  EXPECT_EQ(query("select count(*) from duckdb_tables()"), Rows{{0}});
  (void)connect()->execute("create table t (n integer)");
  EXPECT_THROW(target->write(to_table("t"), one_text("extra", "x")), Error);
}

TEST_F(DuckdbTest, driver_and_sink_share_one_file_and_no_row_is_lost) {
  constexpr int kBatches = 40;
  constexpr int kRows = 3'000;
  const auto target = sink();
  target->write(to_table("t"), numbers(0, 1));
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      target->write(to_table("t"), numbers(i * kRows, kRows));
    }
  });
  const auto connection = connect();
  for (int i = 0; i < kBatches; ++i) {
    (void)connection->execute("insert into t values (-1)");
    connection->execute("select sum(n) from t")->drain();
  }
  writer.join();
  EXPECT_EQ(query("select count(*), count(*) filter (n = -1) from t"),
            (Rows{{1 + kBatches * kRows + kBatches, kBatches}}));
}

TEST_F(DuckdbTest, engines_open_and_close_in_many_threads_without_meeting) {
  std::vector<std::thread> threads;
  (void)connect()->execute("create table t (n integer)");
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) {
        (void)connect()->execute("insert into t values (1)");
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(query("select count(*) from t"), Rows{{40}});
}

TEST_F(DuckdbTest, a_table_that_changes_under_way_is_met_as_it_is) {
  keep_engine_open();
  const auto target = sink();
  target->write(to_table("t"), numbers(1, 1));
  (void)connect()->execute("drop table t; create table t (x varchar, n varchar)");
  target->write(to_table("t"), numbers(2, 1));
  EXPECT_EQ(query("select x, n from t"), (Rows{{nullptr, "2"}}));
}

// A killed process leaves whole batches only.
TEST_F(DuckdbTest, a_kill_leaves_whole_batches) {
  constexpr int kRows = 20'000;
  for (int round = 0; round < 4; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto target = sink();
      for (int i = 0;; ++i) {
        target->write(to_table("t"), numbers(i, kRows));
        if (write(ready[1], "x", 1) != 1) {
          _exit(1);
        }
      }
    }
    close(ready[1]);
    char byte = 0;
    for (int i = 0; i <= round; ++i) {
      ASSERT_EQ(read(ready[0], &byte, 1), 1);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    EXPECT_EQ(query("select count(*) % " + std::to_string(kRows) + ", count(*) > 0 from t"),
              (Rows{{0, true}}));
  }
}

}  // namespace
}  // namespace vdk::duckdb
