#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include "duckdb_fixture.hpp"

namespace vdk::duckdb {
namespace {

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

TEST_F(DuckdbTest, a_file_is_made_anew_where_a_process_died_while_it_made_it) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_DFL);
    const rlimit limit{.rlim_cur = 8'192, .rlim_max = 8'192};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto connection = connect();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGXFSZ);
  EXPECT_EQ(fs::file_size(place_.path), std::size_t{8'192});
  EXPECT_EQ(query("create table t as select 1 as a; select a from t"), Rows{{1}});
}

TEST_F(DuckdbTest, a_short_file_that_is_another_programs_is_left_alone) {
  std::ofstream(place_.path) << "What somebody wrote: DUCK is a bird.\n";
  const auto size = fs::file_size(place_.path);
  EXPECT_THROW((void)query("select 1"), Error);
  EXPECT_EQ(fs::file_size(place_.path), size);
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
  (void)connect()->execute("create table t (n integer)");
  EXPECT_EQ(query("select count(*) from t"), Rows{{0}});
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

}  // namespace
}  // namespace vdk::duckdb
