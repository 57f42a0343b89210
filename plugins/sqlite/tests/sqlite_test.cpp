#include <fstream>
#include <future>

#include "sqlite_fixture.hpp"

namespace vdk::sqlite {
namespace {

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

}  // namespace
}  // namespace vdk::sqlite
