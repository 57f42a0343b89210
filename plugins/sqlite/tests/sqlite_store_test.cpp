#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <limits>
#include <thread>

#include "load_conformance.hpp"
#include "sqlite_fixture.hpp"
#include "store_conformance.hpp"

namespace vdk::sqlite {
namespace {

using store_test::integers;
using store_test::load;
using store_test::one;
using store_test::text;

class FileDatabase final : public StoreDatabase {
 public:
  FileDatabase() {
    std::string name = fs::temp_directory_path() / "vdk-sqlite-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~FileDatabase() override { fs::remove_all(directory_); }
  std::unique_ptr<TableStore> open() override { return open_waiting(0); }
  std::unique_ptr<TableStore> open_patient() override { return open_waiting(30); }

 private:
  std::unique_ptr<TableStore> open_waiting(int seconds) {
    ConfigurationBuilder builder;
    builder.add({.key = "sqlite_file", .default_value = (directory_ / "test.db").string()});
    builder.add({.key = "sqlite_busy_timeout_seconds", .default_value = seconds});
    return open_store(builder.build(), kMainSection, "");
  }

  fs::path directory_;
};

const StoreQuirks kQuirks{
    .name = "sqlite",
    .create = [] { return std::make_unique<FileDatabase>(); },
    .writers = Writers::one_at_a_time,
    .typed_columns = false,
    .names_rows = true,
    .holds_any_bytes = true,
    .reads = {{ColumnType::boolean, 1}, {ColumnType::timestamp_tz, "2023-12-31 23:59:59+00:00"}}};

}  // namespace
}  // namespace vdk::sqlite

namespace vdk {
INSTANTIATE_TEST_SUITE_P(sqlite, StoreConformance, testing::Values(sqlite::kQuirks), store_name);
INSTANTIATE_TEST_SUITE_P(sqlite, LoadConformance, testing::Values(sqlite::kQuirks), store_name);
INSTANTIATE_TEST_SUITE_P(sqlite, PoisonConformance, testing::Values(sqlite::kQuirks), store_name);
}  // namespace vdk

namespace vdk::sqlite {
namespace {

TEST_F(SqliteTest, columns_are_declared_as_upstream_declares_them) {
  BatchBuilder builder;
  for (const ColumnType type : store_test::kAllTypes) {
    store_test::append_sample(builder, builder.column(to_string(type)), type);
  }
  builder.end_row();
  load(*store(), "t", builder.finish());
  EXPECT_EQ(query("select name, type from pragma_table_info('t')"),
            (Rows{{"null", "TEXT"},
                  {"boolean", "INTEGER"},
                  {"integer", "INTEGER"},
                  {"real", "REAL"},
                  {"text", "TEXT"},
                  {"binary", "BLOB"},
                  {"date", "TEXT"},
                  {"timestamp", "TEXT"},
                  {"timestamp with time zone", "TEXT"},
                  {"decimal", "TEXT"},
                  {"json", "TEXT"}}));
}

TEST_F(SqliteTest, affinities_are_sqlites) {
  EXPECT_EQ(affinity_of("VARCHAR(10)"), Affinity::text);
  EXPECT_EQ(affinity_of("BigInt"), Affinity::integer);
  EXPECT_EQ(affinity_of("floating point"), Affinity::integer);  // "point" has "int" in it
  EXPECT_EQ(affinity_of("double"), Affinity::real);
  EXPECT_EQ(affinity_of(""), Affinity::none);
  EXPECT_EQ(affinity_of("blob"), Affinity::none);
  EXPECT_EQ(affinity_of("DECIMAL(10,2)"), Affinity::numeric);
}

TEST_F(SqliteTest, what_columns_hold_follows_from_their_types) {
  (void)connect()->execute(
      "create table t (i integer, r real, s varchar(3), b blob, n, d decimal(3));"
      "create table strictly (i integer, b blob, a any) strict -- so");
  const auto target = store();
  std::vector<ColumnType> held;
  for (const char* name : {"t", "strictly"}) {
    for (const TableColumn& column : target->find_table(name).columns) held.push_back(column.holds);
  }
  EXPECT_EQ(held, (std::vector{ColumnType::integer, ColumnType::real, ColumnType::text,
                               ColumnType::null, ColumnType::null, ColumnType::null,
                               ColumnType::integer, ColumnType::binary, ColumnType::null}));
}

// As upstream: what comes later is kept with its value, but as text.
TEST_F(SqliteTest, a_column_that_began_without_values_is_text) {
  const auto target = store();
  load(*target, "t", one("n", [](BatchBuilder& b, std::size_t c) { b.append_null(c); }));
  load(*target, "t", integers("n", 5, 1));
  EXPECT_EQ(query("select n, typeof(n) from t"), (Rows{{nullptr, "null"}, {"5", "text"}}));
}

TEST_F(SqliteTest, doubles_in_columns_of_text_are_not_rounded) {
  (void)connect()->execute("create table t (n text)");
  const auto target = store();
  for (const double value : {1.0, 0.1, 0.1 + 0.2, 1e16, std::numeric_limits<double>::infinity()}) {
    load(*target, "t", one("n", [&](BatchBuilder& b, std::size_t c) { b.append_real(c, value); }));
  }
  EXPECT_EQ(query("select n from t"),
            (Rows{{"1.0"}, {"0.1"}, {"0.30000000000000004"}, {"1.0e+16"}, {"Inf"}}));
}

TEST_F(SqliteTest, names_mean_first_what_they_mean_unquoted) {
  EXPECT_EQ(parse_table_name("a.b"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_table_name("a.b.c"), (std::vector<std::string>{"a.b.c"}));
  EXPECT_EQ(parse_table_name("[x y].`z``1`"), (std::vector<std::string>{"x y", "z`1"}));
  EXPECT_EQ(parse_table_name("\"say \"\"x\"\"\""), (std::vector<std::string>{"say \"x\""}));
  EXPECT_EQ(parse_table_name("no-name; drop"), (std::vector<std::string>{"no-name; drop"}));
  const auto target = store();
  EXPECT_EQ(target->find_table("MAIN.t").path, (std::vector<std::string>{"main", "t"}));
  EXPECT_EQ(target->find_table("sales.orders").path,
            (std::vector<std::string>{"main", "sales.orders"}));
}

TEST_F(SqliteTest, generated_columns_take_no_values) {
  (void)connect()->execute(
      "create table t (id integer primary key, n integer, g integer generated always as (n * 2))");
  const auto target = store();
  EXPECT_EQ(target->find_table("t").columns.size(), 2U);
  load(*target, "t", integers("n", 5, 2));
  EXPECT_EQ(query("select id, n, g from t"), (Rows{{1, 5, 10}, {2, 6, 12}}));
}

TEST_F(SqliteTest, every_row_of_the_first_kind_is_named_and_no_other) {
  (void)connect()->execute("create table t (n integer check (n % 10 <> 3) check (n <> 7))");
  const auto target = store();
  try {
    load(*target, "t", integers("n", 0, 30));
    FAIL();
  } catch (const RowsRefused& refused) {
    EXPECT_EQ(refused.reason(), "check");
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{3, 7, 13, 23}));
  }
  EXPECT_EQ(query("select count(*) from t"), Rows{{0}});
}

TEST_F(SqliteTest, reasons_are_told_from_codes_and_from_messages) {
  EXPECT_EQ(refusal_of(SQLITE_CONSTRAINT_NOTNULL, "NOT NULL constraint failed: a.b.c", "a.b"),
            (Refusal{"not_null", "c"}));
  EXPECT_EQ(refusal_of(SQLITE_CONSTRAINT, "UNIQUE constraint failed: t.a", "t"),
            (Refusal{"duplicate_key", "a"}));
  EXPECT_EQ(refusal_of(SQLITE_CONSTRAINT, "UNIQUE constraint failed: t.a, t.b", "t"),
            (Refusal{"duplicate_key", ""}));
  EXPECT_EQ(
      refusal_of(SQLITE_CONSTRAINT_DATATYPE, "cannot store TEXT value in INTEGER column t.a", "t"),
      (Refusal{"wrong_type", "a"}));
  EXPECT_EQ(refusal_of(SQLITE_CONSTRAINT_TRIGGER, "no", "t"), (Refusal{"constraint", ""}));
  EXPECT_EQ(refusal_of(SQLITE_TOOBIG, "string or blob too big", "t"), (Refusal{"too_big", ""}));
  EXPECT_EQ(refusal_of(SQLITE_FULL, "database or disk is full", "t"), Refusal{});
}

TEST_F(SqliteTest, a_constraint_that_rolls_back_ends_the_transaction_and_says_so) {
  (void)connect()->execute("create table t (n integer not null on conflict rollback)");
  const auto target = store();
  BatchBuilder builder;
  builder.append_null(builder.column("n"));
  builder.end_row();
  EXPECT_THROW(load(*target, "t", builder.finish()), RowsRefused);
  load(*target, "t", integers("n", 1, 1));
  EXPECT_EQ(query("select n from t"), Rows{{1}});
}

TEST_F(SqliteTest, follows_changes_of_the_table_between_batches) {
  const auto target = store();
  load(*target, "t", integers("n", 1, 1));
  (void)connect()->execute("drop table t; create table t (x text, n text)");
  load(*target, "t", integers("n", 2, 1));
  EXPECT_EQ(query("select x, n from t"), (Rows{{nullptr, "2"}}));
  (void)connect()->execute("drop table t");
  load(*target, "t", integers("n", 3, 1));
  EXPECT_EQ(query("select n from t"), Rows{{3}});
}

TEST_F(SqliteTest, waits_for_a_lock_and_gives_up_in_bounded_time) {
  const auto target = store();
  load(*target, "t", integers("n", 0, 1));
  const auto holder = connect();
  (void)holder->execute("begin immediate");
  const Error error = error_of([&] { load(*target, "t", integers("n", 1, 1)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.text().what, "database is locked");
  EXPECT_NE(error.text().why.find(file_), std::string::npos);
  EXPECT_NE(error.text().countermeasure.find("sqlite_busy_timeout_seconds"), std::string::npos);

  const auto patient = store(milliseconds(60'000));
  auto written = std::async(std::launch::async, [&] { load(*patient, "t", integers("n", 2, 1)); });
  EXPECT_EQ(written.wait_for(milliseconds(50)), std::future_status::timeout);
  (void)holder->execute("commit");
  written.get();
  EXPECT_EQ(query("select n from t"), (Rows{{0}, {2}}));
}

TEST_F(SqliteTest, a_file_that_may_not_be_written_is_the_platforms_matter) {
  load(*store(), "t", integers("n", 0, 1));
  const auto target = store();
  target->run("PRAGMA query_only = ON");  // permissions do not bind root
  const Error error = error_of([&] { load(*target, "t", integers("n", 1, 1)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_NE(error.text().countermeasure.find("Allow writing"), std::string::npos);
}

TEST_F(SqliteTest, a_full_disk_is_the_platforms_matter_and_nothing_is_half_stored) {
  const auto target = store();
  load(*target, "t", integers("n", 0, 1));
  target->run("PRAGMA max_page_count = 4");
  const Error error = error_of([&] { load(*target, "t", text("n", std::string(1'000'000, 'x'))); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.text().what, "database or disk is full");
  load(*target, "t", integers("n", 1, 1));
  EXPECT_EQ(query("select n from t"), (Rows{{0}, {1}}));
}

TEST_F(SqliteTest, the_journal_mode_stays_the_users) {
  load(*store(), "t", integers("n", 1, 1));
  EXPECT_EQ(query("pragma journal_mode"), Rows{{"delete"}});
  (void)connect()->execute("pragma journal_mode = wal");
  load(*store(), "t", integers("n", 2, 1));
  EXPECT_EQ(query("pragma journal_mode"), Rows{{"wal"}});
}

TEST_F(SqliteTest, driver_and_store_share_one_file_and_no_row_is_lost) {
  constexpr int kBatches = 20;
  constexpr int kRows = 250;
  const auto target = store(milliseconds(60'000));
  load(*target, "t", integers("n", 0, 1));
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) load(*target, "t", integers("n", i * kRows, kRows));
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
      const auto target = store(milliseconds(60'000));
      for (int i = 0;; ++i) {
        load(*target, "t", integers("n", i, kRows));
        if (write(ready[1], "x", 1) != 1) _exit(1);
      }
    }
    close(ready[1]);
    char byte = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(read(ready[0], &byte, 1), 1);
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
  const auto target = open_store(configuration("sqlite_file", file_), kMainSection, other);
  load(*target, "t", integers("n", 1, 3));
  EXPECT_NE(target->place().find(other), std::string::npos);
  EXPECT_FALSE(fs::exists(file_));
  file_ = other;
  EXPECT_EQ(query("select count(*) from t"), Rows{{3}});
  const Error error =
      error_of([&] { (void)open_store(configuration("sqlite_file", ""), kMainSection, ""); });
  EXPECT_EQ(error.text().what, "Failed to proceed with ingestion");
}

TEST_F(SqliteTest, a_section_uses_its_own_file) {
  ConfigurationBuilder builder;
  builder.add({.key = "sqlite_file", .default_value = "main.db"});
  builder.set("sqlite_file", file_, {OriginKind::config_ini, "config.ini:5"}, "reports");
  load(*open_store(builder.build(), "reports", ""), "t", integers("n", 1, 2));
  EXPECT_EQ(query("select count(*) from t"), Rows{{2}});
  EXPECT_EQ(open_connection(builder.build(), "reports")->description(), "SQLite database " + file_);
}

}  // namespace
}  // namespace vdk::sqlite
