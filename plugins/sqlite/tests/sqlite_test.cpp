#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "sqlite_connection.hpp"
#include "sqlite_sink.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::sqlite {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::temp_directory_path() /
                 ("vdk-sqlite-" + std::to_string(getpid()) + "-" + std::string(test->name()));
    fs::create_directories(directory_);
    file_ = directory_ / "test.db";
  }
  ~SqliteTest() override { fs::remove_all(directory_); }

  static Configuration configuration(std::string_view key = {}, Value value = {}) {
    ConfigurationBuilder builder;
    builder.add({.key = "sqlite_file", .default_value = ""});
    builder.add({.key = "sqlite_library", .default_value = ""});
    builder.add({.key = "sqlite_busy_timeout_seconds", .default_value = 30});
    builder.add({.key = "sqlite_ingest_auto_create_table_enabled", .default_value = true});
    if (!key.empty()) {
      builder.set(key, std::move(value), {OriginKind::command_line, "-c"});
    }
    return builder.build();
  }
  static const Api& api() { return load_api(configuration(), kMainSection); }

  [[nodiscard]] std::unique_ptr<DriverConnection> connect(
      milliseconds wait = milliseconds(0)) const {
    return std::make_unique<SqliteConnection>(std::make_shared<Database>(api(), file_, wait));
  }
  [[nodiscard]] std::unique_ptr<SqliteSink> sink(bool create = true,
                                                 milliseconds wait = milliseconds(0)) const {
    return std::make_unique<SqliteSink>(
        api(),
        SqliteSink::Options{.default_file = file_, .create_tables = create, .busy_limit = wait});
  }
  [[nodiscard]] Rows query(std::string_view sql) const {
    const auto stream = connect(milliseconds(10'000))->execute(sql);
    Rows rows;
    Row row;
    while (stream && stream->next(row)) {
      rows.push_back(row);
    }
    return rows;
  }

  fs::path directory_;
  std::string file_;
};

Destination to_table(std::string table) {
  return {.method = "sqlite", .target = "", .table = std::move(table), .collection_id = "c"};
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

Batch one_text(std::string_view column, std::string_view text) {
  BatchBuilder builder;
  builder.append_text(builder.column(column), text);
  builder.end_row();
  return builder.finish();
}

template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return user_error({.what = "none"});
}

// ---- driver ----------------------------------------------------------------------------------

TEST_F(SqliteTest, returns_the_rows_of_the_last_statement_with_their_types) {
  const auto connection = connect();
  const auto rows = connection->execute(
      "create table t (i integer, r real, s text, b blob); insert into t values (1, 1.5, 'ä', "
      "x'00ff'), "
      "(null, null, null, null); select *, 9223372036854775807 as big from t; -- the end");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->columns().size(), 5U);
  EXPECT_EQ(rows->columns()[0].name, "i");
  EXPECT_EQ(rows->columns()[2].type, "TEXT");
  EXPECT_EQ(rows->columns()[4].type, "");
  Row row;
  ASSERT_TRUE(rows->next(row));
  EXPECT_EQ(row, (Row{1, 1.5, "ä", "00ff", std::int64_t{9223372036854775807}}));
  ASSERT_TRUE(rows->next(row));
  EXPECT_TRUE(row[0].is_null());
  EXPECT_FALSE(rows->next(row));
  EXPECT_FALSE(rows->next(row));
}

TEST_F(SqliteTest, statements_without_rows_return_nothing) {
  EXPECT_FALSE(connect()->execute("create table t (a)"));
  EXPECT_FALSE(connect()->execute("-- only a comment\n;;"));
  EXPECT_FALSE(connect()->execute(""));
}

TEST_F(SqliteTest, a_select_without_rows_still_has_columns) {
  const auto rows = connect()->execute("select 1 as a where 0");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->columns()[0].name, "a");
  Row row;
  EXPECT_FALSE(rows->next(row));
}

TEST_F(SqliteTest, splits_where_sqlite_itself_does) {
  (void)connect()->execute(
      "create table t (a text); create table log (n);"
      "create trigger tr after insert on t begin insert into log values (case when 1 then 1 end); "
      "insert into log values (2); end;"
      "insert into t values ('a;b'); /* x; */ insert into t values (';')");
  EXPECT_EQ(query("select count(*) from log"), Rows{{4}});
}

TEST_F(SqliteTest, each_statement_commits_unless_the_script_says_otherwise) {
  EXPECT_THROW((void)connect()->execute(
                   "create table t (a); insert into t values (1); select * from absent"),
               Error);
  EXPECT_EQ(query("select count(*) from t"), Rows{{1}});
  (void)connect()->execute("begin; insert into t values (2); rollback");
  EXPECT_EQ(query("select count(*) from t"), Rows{{1}});
}

TEST_F(SqliteTest, an_insert_with_returning_takes_effect_at_once) {
  const auto connection = connect();
  (void)connection->execute("create table t (a)");
  (void)connection->execute("insert into t values (1), (2) returning a");
  EXPECT_EQ(query("select count(*) from t"), Rows{{2}});
}

TEST_F(SqliteTest, an_error_tells_statement_and_place_and_is_the_users) {
  const Error error =
      error_of([&] { (void)connect()->execute("select 1;\nselect a\nfrom absent where b"); });
  EXPECT_EQ(error.text().what, "no such table: absent");
  EXPECT_NE(error.text().why.find("statement 2:\nselect a\nfrom absent where b"), std::string::npos)
      << error.what();
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  try {
    (void)connect()->execute("-- comment\nselect 1;\n  selec 1");
    FAIL();
  } catch (const Error& thrown) {
    EXPECT_EQ(thrown.type_name(), "OperationalError");
    EXPECT_NE(thrown.text().why.find("\n  selec 1\n  ^"), std::string::npos) << thrown.what();
  }
}

TEST_F(SqliteTest, an_error_in_the_middle_of_the_rows_is_not_swallowed) {
  const auto rows = connect()->execute(
      "with recursive n(i) as (select 1 union all select i + 1 from n) "
      "select case when i < 100 then i else abs(-9223372036854775807 - 1) end from n limit 200");
  EXPECT_THROW(rows->drain(), Error);
}

TEST_F(SqliteTest, interrupting_ends_a_running_statement) {
  const auto connection = connect();
  std::promise<void> started;
  auto result = std::async(std::launch::async, [&] {
    started.set_value();
    return error_of([&] {
             const auto rows = connection->execute(
                 "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) "
                 "from n");
           })
        .text()
        .what;
  });
  started.get_future().wait();
  while (result.wait_for(milliseconds(5)) != std::future_status::ready) {
    connection->interrupt();
  }
  EXPECT_EQ(result.get(), "interrupted");
}

TEST_F(SqliteTest, interrupting_ends_the_wait_for_a_lock) {
  const auto holder = connect();
  (void)holder->execute("create table t (a); begin immediate");
  const auto waiter = connect(milliseconds(600'000));
  auto result = std::async(std::launch::async, [&] {
    return error_of([&] { (void)waiter->execute("insert into t values (1)"); }).text().what;
  });
  while (result.wait_for(milliseconds(5)) != std::future_status::ready) {
    waiter->interrupt();
  }
  EXPECT_EQ(result.get(), "database is locked");
}

TEST_F(SqliteTest, a_file_that_is_no_database_is_a_configuration_error) {
  std::ofstream(file_)
      << "this is no database, and long enough to be taken for one by its size at least";
  const Error error = error_of([&] { (void)connect()->execute("select * from sqlite_master"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_EQ(error.text().what, "file is not a database");
}

TEST_F(SqliteTest, a_missing_directory_is_named) {
  file_ = directory_ / "absent" / "test.db";
  const Error error = error_of([&] { (void)connect(); });
  EXPECT_NE(error.text().what.find(file_), std::string::npos);
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
}

TEST_F(SqliteTest, a_missing_library_says_how_to_get_one) {
  const Error error = error_of([&] {
    (void)open_connection(configuration("sqlite_library", "/nowhere/libsqlite3.so"), kMainSection);
  });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_NE(error.text().what.find("/nowhere/libsqlite3.so"), std::string::npos);
  EXPECT_NE(error.text().countermeasure.find("sqlite_library"), std::string::npos);
}

TEST_F(SqliteTest, a_library_that_is_not_sqlite_is_refused) {
  const Error error =
      error_of([&] { (void)load_api(configuration("sqlite_library", "libc.so.6"), kMainSection); });
  EXPECT_NE(error.text().why.find("sqlite3_"), std::string::npos);
}

// ---- sink ------------------------------------------------------------------------------------

TEST_F(SqliteTest, creates_the_table_with_types_from_the_rows) {
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
  EXPECT_EQ(query("select name, type from pragma_table_info('new table')"),
            (Rows{{"flag", "INTEGER"},
                  {"count", "INTEGER"},
                  {"ratio", "REAL"},
                  {"select", "TEXT"},
                  {"raw", "BLOB"},
                  {"day", "TEXT"},
                  {"at", "TEXT"},
                  {"utc", "TEXT"},
                  {"price", "TEXT"},
                  {"nested \"x\"", "TEXT"},
                  {"nothing", "TEXT"}}));
  EXPECT_EQ(query("select * from \"new table\""),
            (Rows{{1, std::int64_t{1} << 40, 1.1, "it's", "00ff", "2024-01-01",
                   "2023-12-31 23:59:59.000001", "2023-12-31 23:59:59+00:00",
                   "1234567890123456789.01", R"({"a":[1]})", nullptr}}));
}

TEST_F(SqliteTest, dates_before_the_epoch_and_far_ones_are_exact) {
  EXPECT_EQ(date_text(-719162), "0001-01-01");
  EXPECT_EQ(date_text(2932896), "9999-12-31");
  EXPECT_EQ(date_text(2932897), "10000-01-01");
  EXPECT_EQ(timestamp_text(std::numeric_limits<std::int64_t>::max(), false),
            "294247-01-10 04:00:54.775807");
  EXPECT_EQ(timestamp_text(-1, false), "1969-12-31 23:59:59.999999");
}

// As upstream: what comes later is kept with its value, but as text.
TEST_F(SqliteTest, a_column_that_began_without_values_is_text) {
  BatchBuilder builder;
  builder.append_null(builder.column("n"));
  builder.end_row();
  const auto target = sink();
  target->write(to_table("t"), builder.finish());
  target->write(to_table("t"), numbers(5, 1));
  EXPECT_EQ(query("select n, typeof(n) from t"), (Rows{{nullptr, "null"}, {"5", "text"}}));
}

TEST_F(SqliteTest, poison_values_are_stored_exactly) {
  BatchBuilder builder;
  builder.append_text(builder.column("t"), std::string_view("a\0b", 3));
  builder.append_real(builder.column("inf"), std::numeric_limits<double>::infinity());
  builder.append_real(builder.column("nan"), std::numeric_limits<double>::quiet_NaN());
  builder.append_text(builder.column("empty"), "");
  builder.append_binary(builder.column("empty blob"), "");
  builder.append_integer(builder.column("min"), std::numeric_limits<std::int64_t>::min());
  builder.end_row();
  sink()->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select hex(t), inf, nan, empty, typeof(\"empty blob\"), min from t"),
            (Rows{{"610062", std::numeric_limits<double>::infinity(), nullptr, "", "blob",
                   std::numeric_limits<std::int64_t>::min()}}));
}

TEST_F(SqliteTest, names_mean_first_what_they_mean_unquoted) {
  (void)connect()->execute("create table MyTable (N integer); create table \"a.b\" (n)");
  const auto target = sink();
  target->write(to_table("mytable"), numbers(1, 1));
  target->write(to_table("main.MYTABLE"), numbers(2, 1));
  target->write(to_table("\"a.b\""), numbers(3, 1));
  EXPECT_EQ(query("select N from MyTable"), (Rows{{1}, {2}}));
  EXPECT_EQ(query("select n from \"a.b\""), Rows{{3}});
  EXPECT_EQ(parse_table_name("a.b.c").table, "a.b.c");
  EXPECT_EQ(parse_table_name("order").sql(), "\"order\"");
  EXPECT_EQ(parse_table_name("[x y].`z``1`").sql(), "\"x y\".\"z`1\"");
  EXPECT_EQ(parse_table_name("no-name; drop").sql(), "\"no-name; drop\"");
}

TEST_F(SqliteTest, converts_to_the_affinity_of_existing_columns) {
  (void)connect()->execute("create table t (n text, k integer)");
  BatchBuilder builder;
  builder.append_integer(builder.column("n"), 7);
  builder.append_text(builder.column("K"), "8");
  builder.end_row();
  sink()->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select n, k from t"), (Rows{{"7", 8}}));
}

TEST_F(SqliteTest, missing_keys_become_null_or_the_default_that_replaces_null) {
  (void)connect()->execute(
      "create table t (id integer primary key, n integer, a text default 'x', b text not null "
      "default ('y' || 1), "
      "g integer generated always as (n * 2))");
  const auto target = sink();
  target->write(to_table("t"), numbers(5, 1));
  BatchBuilder builder;
  builder.append_integer(builder.column("n"), 6);
  builder.append_null(builder.column("a"));
  builder.append_null(builder.column("b"));
  builder.append_null(builder.column("id"));
  builder.end_row();
  target->write(to_table("t"), builder.finish());
  EXPECT_EQ(query("select id, n, a, b, g from t"),
            (Rows{{1, 5, nullptr, "y1", 10}, {2, 6, nullptr, "y1", 12}}));
}

TEST_F(SqliteTest, widens_only_tables_that_it_made) {
  (void)connect()->execute("create table theirs (n)");
  const auto target = sink();
  target->write(to_table("ours"), numbers(1, 1));
  target->write(to_table("ours"), one_text("new column", "x"));
  EXPECT_EQ(query("select n, \"new column\" from ours"), (Rows{{1, nullptr}, {nullptr, "x"}}));
  const Error error = error_of([&] { target->write(to_table("theirs"), one_text("extra", "x")); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().what.find("extra"), std::string::npos);
  EXPECT_EQ(query("select count(*) from theirs"), Rows{{0}});
  EXPECT_EQ(query("select count(*) from pragma_table_info('theirs')"), Rows{{1}});
}

TEST_F(SqliteTest, does_not_create_tables_where_that_is_switched_off) {
  const Error error = error_of([&] { sink(false)->write(to_table("t"), numbers(1, 1)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(error.text().what, "Cannot send payload for ingestion to SQLite database.");
  EXPECT_EQ(query("select count(*) from sqlite_master"), Rows{{0}});
}

TEST_F(SqliteTest, a_batch_is_stored_whole_or_not_at_all_and_later_ones_are_not_poisoned) {
  (void)connect()->execute("create table t (n integer check (n <> 3))");
  const auto target = sink();
  const Error error = error_of([&] { target->write(to_table("t"), numbers(1, 5)); });
  EXPECT_NE(error.text().why.find("row 3 of a batch of 5"), std::string::npos) << error.what();
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(query("select count(*) from t"), Rows{{0}});
  target->write(to_table("t"), numbers(4, 5));
  EXPECT_EQ(query("select count(*) from t"), Rows{{5}});
}

TEST_F(SqliteTest, a_first_batch_that_fails_leaves_no_table) {
  BatchBuilder builder;
  builder.append_integer(builder.column("a"), 1);
  builder.append_integer(builder.column("A"), 1);
  builder.end_row();
  EXPECT_THROW(sink()->write(to_table("t"), builder.finish()), Error);
  EXPECT_EQ(query("select count(*) from sqlite_master"), Rows{{0}});
}

TEST_F(SqliteTest, follows_changes_of_the_table_between_batches) {
  const auto target = sink();
  target->write(to_table("t"), numbers(1, 1));
  (void)connect()->execute("drop table t; create table t (x text, n text)");
  target->write(to_table("t"), numbers(2, 1));
  EXPECT_EQ(query("select x, n from t"), (Rows{{nullptr, "2"}}));
  (void)connect()->execute("drop table t");
  target->write(to_table("t"), numbers(3, 1));
  EXPECT_EQ(query("select n from t"), Rows{{3}});
}

TEST_F(SqliteTest, waits_for_a_lock_and_gives_up_in_bounded_time) {
  const auto target = sink();
  target->write(to_table("t"), numbers(0, 1));
  const auto holder = connect();
  (void)holder->execute("begin immediate");
  const Error error = error_of([&] { target->write(to_table("t"), numbers(1, 1)); });
  EXPECT_EQ(error.text().what, "database is locked");
  EXPECT_NE(error.text().countermeasure.find("sqlite_busy_timeout_seconds"), std::string::npos);

  const auto patient = sink(true, milliseconds(60'000));
  auto written =
      std::async(std::launch::async, [&] { patient->write(to_table("t"), numbers(2, 1)); });
  EXPECT_EQ(written.wait_for(milliseconds(50)), std::future_status::timeout);
  (void)holder->execute("commit");
  written.get();
  EXPECT_EQ(query("select n from t"), (Rows{{0}, {2}}));
}

TEST_F(SqliteTest, the_journal_mode_stays_the_users) {
  sink()->write(to_table("t"), numbers(1, 1));
  EXPECT_EQ(query("pragma journal_mode"), Rows{{"delete"}});
  (void)connect()->execute("pragma journal_mode = wal");
  sink()->write(to_table("t"), numbers(2, 1));
  EXPECT_EQ(query("pragma journal_mode"), Rows{{"wal"}});
}

TEST_F(SqliteTest, driver_and_sink_share_one_file_and_no_row_is_lost) {
  constexpr int kBatches = 20;
  constexpr int kRows = 250;
  const auto target = sink(true, milliseconds(60'000));
  target->write(to_table("t"), numbers(0, 1));
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      target->write(to_table("t"), numbers(i * kRows, kRows));
    }
  });
  const auto connection = connect(milliseconds(60'000));
  for (int i = 0; i < kBatches; ++i) {
    (void)connection->execute("insert into t values (-1)");
    connection->execute("select sum(n) from t")->drain();
  }
  writer.join();
  EXPECT_EQ(query("select count(*), sum(n = -1) from t"),
            (Rows{{1 + kBatches * kRows + kBatches, kBatches}}));
}

// A killed process leaves whole batches only.
TEST_F(SqliteTest, a_kill_leaves_whole_batches) {
  constexpr int kRows = 5'000;
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto target = sink(true, milliseconds(60'000));
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
    int status = 0;
    waitpid(child, &status, 0);
    close(ready[0]);
    const Rows count =
        query("select count(*) % " + std::to_string(kRows) + ", count(*) > 0 from t");
    EXPECT_EQ(count, (Rows{{0, 1}}));
  }
}

TEST_F(SqliteTest, a_target_is_another_file) {
  const std::string other = directory_ / "other.db";
  Destination destination = to_table("t");
  destination.target = other;
  sink()->write(destination, numbers(1, 3));
  EXPECT_FALSE(fs::exists(file_));
  file_ = other;
  EXPECT_EQ(query("select count(*) from t"), Rows{{3}});
}

TEST_F(SqliteTest, a_section_uses_its_own_file) {
  ConfigurationBuilder builder;
  builder.add({.key = "sqlite_file", .default_value = "main.db"});
  builder.add({.key = "sqlite_ingest_auto_create_table_enabled", .default_value = true});
  builder.set("sqlite_file", file_, {OriginKind::config_ini, "config.ini:5"}, "reports");
  open_sink(builder.build(), "reports")->write(to_table("t"), numbers(1, 2));
  EXPECT_EQ(query("select count(*) from t"), Rows{{2}});
  EXPECT_EQ(open_connection(builder.build(), "reports")->description(), "SQLite database " + file_);
}

}  // namespace
}  // namespace vdk::sqlite
