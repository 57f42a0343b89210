#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <thread>

#include "duckdb_fixture.hpp"
#include "load_conformance.hpp"
#include "store_conformance.hpp"

namespace vdk::duckdb {
namespace {

using store_test::integers;
using store_test::load;
using store_test::one;
using store_test::text;

class FileDatabase final : public StoreDatabase {
 public:
  FileDatabase() {
    std::string name = fs::temp_directory_path() / "vdk-duckdb-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~FileDatabase() override { fs::remove_all(directory_); }
  std::unique_ptr<TableStore> open() override {
    return open_store(configuration("duckdb_database", (directory_ / "test.db").string()),
                      kMainSection, "ignored");
  }

 private:
  fs::path directory_;
};

// None where the library is not here: the other tests say so.
std::vector<StoreQuirks> quirks() {
  if (library().empty()) return {};
  return {{.name = "duckdb",
           .create = [] { return std::make_unique<FileDatabase>(); },
           .writers = Writers::optimistic,
           .default_where_unlisted = true}};
}

}  // namespace
}  // namespace vdk::duckdb

namespace vdk {
INSTANTIATE_TEST_SUITE_P(duckdb, StoreConformance, testing::ValuesIn(duckdb::quirks()), store_name);
INSTANTIATE_TEST_SUITE_P(duckdb, LoadConformance, testing::ValuesIn(duckdb::quirks()), store_name);
INSTANTIATE_TEST_SUITE_P(duckdb, PoisonConformance, testing::ValuesIn(duckdb::quirks()),
                         store_name);
}  // namespace vdk

namespace vdk::duckdb {
namespace {

Batch every_type() {
  BatchBuilder builder;
  for (const ColumnType type : store_test::kAllTypes) {
    store_test::append_sample(builder, builder.column(to_string(type)), type);
  }
  builder.end_row();
  return builder.finish();
}

constexpr const char* kTypesOfT =
    "select data_type from duckdb_columns() where table_name = 't' order by column_index";

TEST_F(DuckdbTest, columns_have_the_types_of_their_values) {
  keep_engine_open();
  load(*store(), "t", every_type());
  EXPECT_EQ(query(kTypesOfT), (Rows{{"VARCHAR"},
                                    {"BOOLEAN"},
                                    {"BIGINT"},
                                    {"DOUBLE"},
                                    {"VARCHAR"},
                                    {"BLOB"},
                                    {"DATE"},
                                    {"TIMESTAMP"},
                                    {"TIMESTAMP WITH TIME ZONE"},
                                    {"DECIMAL(38,2)"},
                                    {"JSON"}}));
}

TEST_F(DuckdbTest, columns_have_upstreams_types_where_that_is_asked_for) {
  keep_engine_open();
  const auto target = store(TypeMapping::upstream);
  target->run(
      "create table t (\"null\" varchar, \"boolean\" integer, integer integer, \"real\" float, "
      "text "
      "varchar)");
  const TableShape table = target->find_table("t");
  const Batch batch = every_type();
  std::vector<std::string> types;
  for (const Column& column : batch.columns()) types.push_back(target->column_type(column, 1));
  EXPECT_EQ(types, (std::vector<std::string>{"VARCHAR", "INTEGER", "INTEGER", "FLOAT", "VARCHAR",
                                             "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR",
                                             "VARCHAR"}));
  EXPECT_EQ(target->wider_type(table.columns[2], false, batch.columns()[2], 1), "");
  EXPECT_EQ(target->wider_type(table.columns[3], false, batch.columns()[3], 1), "");
}

TEST_F(DuckdbTest, the_mapping_of_types_comes_from_the_configuration) {
  ConfigurationBuilder builder;
  EXPECT_EQ(type_mapping(builder.build(), kMainSection), TypeMapping::native);
  builder.add({.key = "ingest_type_mapping", .default_value = "native"});
  EXPECT_EQ(type_mapping(builder.build(), kMainSection), TypeMapping::native);
  builder.set("ingest_type_mapping", "upstream", {OriginKind::command_line, "-c"});
  EXPECT_EQ(type_mapping(builder.build(), kMainSection), TypeMapping::upstream);
}

TEST_F(DuckdbTest, a_column_without_values_takes_the_type_of_the_first_one) {
  keep_engine_open();
  const auto target = store();
  const TableColumn unsettled{.name = "x", .type = "VARCHAR", .holds = ColumnType::text};
  const Batch number = integers("x", 5, 1);
  EXPECT_EQ(target->wider_type(unsettled, true, number.columns()[0], 1), "BIGINT");
  EXPECT_EQ(target->wider_type(unsettled, false, number.columns()[0], 1), "");
  const Batch nothing = one("x", [](BatchBuilder& b, std::size_t c) { b.append_null(c); });
  EXPECT_EQ(target->wider_type(unsettled, true, nothing.columns()[0], 1), "");
}

TEST_F(DuckdbTest, a_column_gets_the_next_type_that_holds_its_old_and_new_values) {
  keep_engine_open();
  const auto target = store();
  const auto wider = [&](std::string type, const Batch& batch) {
    const TableColumn column{.name = "x", .type = std::move(type)};
    return target->wider_type(column, false, batch.columns()[0], batch.rows());
  };
  const auto real = [](double value) {
    return one("x", [&](BatchBuilder& b, std::size_t c) { b.append_real(c, value); });
  };
  const auto decimal = [](std::string_view value) {
    return one("x", [&](BatchBuilder& b, std::size_t c) { b.append_decimal(c, value); });
  };
  EXPECT_EQ(wider("INTEGER", integers("x", 7, 1)), "");
  EXPECT_EQ(wider("INTEGER", integers("x", std::int64_t{1} << 31U, 1)), "BIGINT");
  EXPECT_EQ(wider("UBIGINT", integers("x", -1, 1)), "HUGEINT");
  EXPECT_EQ(wider("BIGINT", real(0.5)), "DOUBLE");
  EXPECT_EQ(wider("FLOAT", real(0.5)), "");
  EXPECT_EQ(wider("FLOAT", real(0.1)), "DOUBLE");
  EXPECT_EQ(wider("DOUBLE", integers("x", 9007199254740993, 1)), "VARCHAR");
  EXPECT_EQ(wider("DECIMAL(10,2)", decimal("1.25")), "");
  EXPECT_EQ(wider("DECIMAL(10,2)", decimal("1.125")), "DECIMAL(38,3)");
  EXPECT_EQ(wider("DECIMAL(10,2)", integers("x", 99'999'999, 1)), "");
  EXPECT_EQ(wider("DECIMAL(10,2)", integers("x", 100'000'000, 1)), "DECIMAL(38,2)");
  EXPECT_EQ(wider("DECIMAL(10,2)", real(0.5)), "VARCHAR");
  EXPECT_EQ(wider("BIGINT", decimal("0.5")), "DECIMAL(38,1)");
  EXPECT_EQ(wider("BIGINT", text("x", "a")), "VARCHAR");
  EXPECT_EQ(wider("DATE", one("x", [](auto& b, auto c) { b.append_timestamp(c, 1); })),
            "TIMESTAMP");
  EXPECT_EQ(wider("TIMESTAMP", one("x", [](auto& b, auto c) { b.append_timestamp_utc(c, 1); })),
            "VARCHAR");
  EXPECT_EQ(wider("BIGINT", one("x", [](auto& b, auto c) { b.append_json(c, "[1]"); })), "JSON");
  EXPECT_EQ(wider("UUID", text("x", "a")), "");  // not one of ours: the engine decides
}

TEST_F(DuckdbTest, text_that_is_not_utf8_is_refused_with_its_rows) {
  keep_engine_open();
  const Column good{.field = {"t", ColumnType::text}, .offsets = {0, 1}, .values = {'a'}};
  const Column bad{.field = {"t", ColumnType::text},
                   .offsets = {0, 1, 3, 4, 5},
                   .values = {'a', 0xff, 0xfe, 'b', 0xff}};
  const auto target = store();
  load(*target, "t", Batch({good}, 1));
  const std::vector<Batch> batches{Batch({good}, 1), Batch({bad}, 4)};
  target->begin();
  try {
    target->append(target->find_table("t"), std::vector<std::size_t>{0}, batches);
    FAIL();
  } catch (const RowsRefused& refused) {
    EXPECT_EQ(refused.reason(), "not_utf8");
    EXPECT_EQ(refused.column(), "t");
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{2, 4}));
  }
  target->rollback();
  EXPECT_EQ(query("select count(*) from t"), Rows{{1}});
}

TEST_F(DuckdbTest, names_mean_first_what_they_mean_unquoted) {
  keep_engine_open();
  (void)connect()->execute(
      "create schema sales; create table sales.Orders (N integer); create table \"a.b\" (n "
      "integer)");
  const auto target = store();
  const auto path = [&](std::string_view name) { return target->find_table(name).path; };
  using Path = std::vector<std::string>;
  EXPECT_EQ(path("SALES.orders"), (Path{"test", "sales", "Orders"}));
  EXPECT_EQ(path("Test.Sales.ORDERS"), (Path{"test", "sales", "Orders"}));
  EXPECT_EQ(path("sales.new"), (Path{"test", "sales", "new"}));
  EXPECT_EQ(path("test.fresh"), (Path{"test", "main", "fresh"}));
  EXPECT_EQ(path("\"a.b\""), (Path{"test", "main", "a.b"}));
  EXPECT_EQ(path("a.b"), (Path{"test", "main", "a.b"}));  // there is no schema a
  EXPECT_EQ(path("a.b.c.d"), (Path{"test", "main", "a.b.c.d"}));
  const auto [error, type] = error_of([&] { (void)path("absent.orders"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().what.find("no schema \"absent\""), std::string::npos);
}

TEST_F(DuckdbTest, columns_that_no_row_has_take_their_defaults_as_upstream) {
  keep_engine_open();
  (void)connect()->execute(
      "create sequence s; create table t (id integer default nextval('s'), n integer, a varchar "
      "default 'x', b varchar, g integer generated always as (n * 2))");
  load(*store(), "t", integers("n", 5, 2));
  EXPECT_EQ(query("select * from t order by n"),
            (Rows{{1, 5, "x", nullptr, 10}, {2, 6, "x", nullptr, 12}}));
}

TEST_F(DuckdbTest, values_become_nested_and_dates_as_the_engine_casts_them) {
  keep_engine_open();
  (void)connect()->execute(
      "create table t (l integer[], j json, \"at\" varchar, z varchar, e enum('a', 'b'))");
  BatchBuilder builder;
  builder.append_json(builder.column("l"), "[1, 2]");
  builder.append_json(builder.column("j"), R"({"k": null})");
  builder.append_timestamp(builder.column("at"), 1'704'067'199'000'001);
  builder.append_boolean(builder.column("z"), true);
  builder.append_text(builder.column("e"), "b");
  builder.end_row();
  const auto target = store();
  load(*target, "t", builder.finish());
  EXPECT_EQ(query("select l::varchar, j, \"at\", z, e from t"),
            (Rows{{"[1, 2]", R"({"k": null})", "2023-12-31 23:59:59.000001", "true", "b"}}));
  for (const auto& [column, value] : {std::pair{"j", "{broken"}, std::pair{"e", "c"}}) {
    try {
      load(*target, "t", text(column, value));
      ADD_FAILURE() << column;
    } catch (const RowsRefused& refused) {
      EXPECT_EQ(refused.reason(), "wrong_type");
    }
  }
}

TEST_F(DuckdbTest, reasons_are_told_from_messages) {
  EXPECT_EQ(refusal_of("Constraint Error: NOT NULL constraint failed: a.b.c", "a.b"),
            (Refusal{"not_null", "c"}));
  EXPECT_EQ(refusal_of("Constraint Error: Violates foreign key constraint because key", "t"),
            (Refusal{"foreign_key", ""}));
  EXPECT_EQ(refusal_of("Conversion Error: Could not convert string 'x' to INT32\n\nLINE 1", "t"),
            (Refusal{"wrong_type", ""}));
  EXPECT_EQ(refusal_of("Out of Range Error: Overflow in addition", "t"),
            (Refusal{"out_of_range", ""}));
  EXPECT_EQ(refusal_of("Catalog Error: Table with name t does not exist!", "t"), Refusal{});
  EXPECT_EQ(refusal_of("something else", "t"), Refusal{});
}

TEST_F(DuckdbTest, an_insert_that_meets_another_change_of_the_table_is_a_conflict) {
  keep_engine_open();
  const auto first = store();
  const auto second = store();
  load(*first, "t", integers("n", 1, 1));
  const Batch batch = integers("n", 2, 1);
  second->begin();
  const TableShape table = second->find_table("t");
  first->run("alter table t add column more integer");
  EXPECT_THROW(second->append(table, store_test::all_columns(batch), std::span(&batch, 1)),
               TransactionConflict);
  second->rollback();
  load(*second, "t", batch);
  EXPECT_EQ(query("select n, more from t order by n"), (Rows{{1, nullptr}, {2, nullptr}}));
}

TEST_F(DuckdbTest, two_that_commit_one_key_conflict_and_then_one_is_refused) {
  keep_engine_open();
  (void)connect()->execute("create table t (n bigint primary key)");
  const auto first = store();
  const auto second = store();
  const Batch batch = integers("n", 1, 1);
  for (const auto& target : {first.get(), second.get()}) {
    target->begin();
    target->append(target->find_table("t"), store_test::all_columns(batch), std::span(&batch, 1));
  }
  first->commit();
  EXPECT_THROW(second->commit(), TransactionConflict);
  second->rollback();
  EXPECT_THROW(load(*second, "t", batch), RowsRefused);
}

TEST_F(DuckdbTest, a_database_that_is_opened_for_reading_denies_writing) {
  (void)connect()->execute("create table t (n bigint)");
  place_.settings["access_mode"] = "read_only";
  keep_engine_open();
  EXPECT_THROW(load(*store(), "t", integers("n", 1, 1)), PermissionDenied);
}

TEST_F(DuckdbTest, driver_and_store_share_one_file_and_no_row_is_lost) {
  constexpr int kBatches = 40;
  constexpr int kRows = 3'000;
  const auto target = store();
  load(*target, "t", integers("n", 0, 1));
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) load(*target, "t", integers("n", i * kRows, kRows));
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

// A killed process leaves whole batches only.
TEST_F(DuckdbTest, a_kill_leaves_whole_batches) {
  constexpr int kRows = 20'000;
  for (int round = 0; round < 4; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto target = store();
      for (int i = 0;; ++i) {
        load(*target, "t", integers("n", i, kRows));
        if (write(ready[1], "x", 1) != 1) _exit(1);
      }
    }
    close(ready[1]);
    char byte = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    EXPECT_EQ(query("select count(*) % " + std::to_string(kRows) + ", count(*) > 0 from t"),
              (Rows{{0, true}}));
  }
}

}  // namespace
}  // namespace vdk::duckdb
