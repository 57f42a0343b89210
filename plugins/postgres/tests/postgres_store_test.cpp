#include "postgres_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "load_conformance.hpp"
#include "postgres_names.hpp"
#include "postgres_server.hpp"
#include "store_conformance.hpp"

namespace vdk::postgres {
namespace {

// A schema of the shared server, where unqualified names are looked for, dropped at the end.
class ServerDatabase final : public StoreDatabase {
 public:
  ServerDatabase() : name_("store_" + std::to_string(++made_)) {
    run(*connect(), "create schema " + name_);
  }
  ~ServerDatabase() override {
    run(*connect(), "set client_min_messages = warning; drop schema " + name_ + " cascade");
  }

  [[nodiscard]] const std::string& schema() const { return name_; }
  [[nodiscard]] std::unique_ptr<TableStore> open() override { return open_as({}); }
  // `settings`: of the session, "-c name=value".
  [[nodiscard]] std::unique_ptr<TableStore> open_as(const Keys& changes,
                                                    const std::string& settings = {}) const {
    return open_store(kPostgres, configured(keys(in_schema(changes, settings))), kMainSection);
  }
  [[nodiscard]] std::unique_ptr<DriverConnection> sql(const std::string& settings = {}) const {
    return connect(in_schema({}, settings));
  }

 private:
  [[nodiscard]] Keys in_schema(Keys changes, const std::string& settings) const {
    changes.emplace_back("postgres_dsn", "options='-c search_path=" + name_ + " " + settings + "'");
    return changes;
  }

  static inline int made_ = 0;
  std::string name_;
};

const StoreQuirks kQuirks{.name = "postgres",
                          .create = [] { return std::make_unique<ServerDatabase>(); },
                          .writers = Writers::locking,
                          .names_rows = true,
                          .folds_quoted_names = false,
                          .holds_any_depth = false,
                          .holds_any_row = false,
                          .reads = {{ColumnType::json, R"({"a": [1]})"}}};

}  // namespace
}  // namespace vdk::postgres

namespace vdk {
INSTANTIATE_TEST_SUITE_P(postgres, StoreConformance, testing::Values(postgres::kQuirks),
                         store_name);
INSTANTIATE_TEST_SUITE_P(postgres, LoadConformance, testing::Values(postgres::kQuirks), store_name);
INSTANTIATE_TEST_SUITE_P(postgres, PoisonConformance, testing::Values(postgres::kQuirks),
                         store_name);
}  // namespace vdk

namespace vdk::postgres {
namespace {

using store_test::integers;
using store_test::load;
using store_test::one;
using store_test::text;

class PostgresStoreTest : public testing::Test {
 protected:
  ServerDatabase database_;
  std::unique_ptr<TableStore> store_ = database_.open();
  std::unique_ptr<DriverConnection> sql_ = database_.sql();

  [[nodiscard]] TableStore& store() { return *store_; }
  Rows rows(std::string_view text) { return query(*sql_, text); }
  void execute(std::string_view text) { run(*sql_, text); }

  void append(std::string_view name, const Batch& batch) {
    store().begin();
    const TableShape table = store().find_table(name);
    std::vector<std::size_t> into;
    for (const Field& field : batch.schema()) {
      into.push_back(store_test::index_of(store(), table, field.name));
    }
    store().append(table, into, std::span(&batch, 1));
    store().commit();
  }

  RowsRefused refusal_of(std::string_view name, const Batch& batch) {
    try {
      append(name, batch);
    } catch (const RowsRefused& refused) {
      store().rollback();
      return refused;
    }
    ADD_FAILURE() << "nothing was refused";
    store().rollback();
    return {{.what = "nothing"}, "nothing"};
  }
};

// ---- values
// --------------------------------------------------------------------------------------

using Append = std::function<void(BatchBuilder&, std::size_t)>;

// A value as a job sends it, and as upstream wrote it into its INSERT.
struct Sent {
  std::string literal;
  Append append;
};

std::vector<Sent> samples() {
  std::vector<Sent> all;
  const auto add = [&](std::string literal, Append append) {
    all.push_back({std::move(literal), std::move(append)});
  };
  for (const bool value : {true, false}) {
    add(value ? "true" : "false", [value](auto& b, auto c) { b.append_boolean(c, value); });
  }
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-7}, std::int64_t{32'768},
        std::int64_t{-2'147'483'648}, std::int64_t{1} << 40U, (std::int64_t{1} << 53U) + 1}) {
    add(std::to_string(value), [value](auto& b, auto c) { b.append_integer(c, value); });
  }
  for (const std::string_view value :
       {"0.0", "1.0", "1.5", "2.5", "-0.5", "-2.5", "0.1", "3.9", "1e+16", "1e-07",
        "1.7976931348623157e+308", "123456789.125", "32767.4", "32767.5"}) {
    add(std::string(value),
        [real = std::stod(std::string(value))](auto& b, auto c) { b.append_real(c, real); });
  }
  add("'NaN'::float", [](auto& b, auto c) { b.append_real(c, std::nan("")); });
  add("'-Infinity'::float", [](auto& b, auto c) { b.append_real(c, -HUGE_VAL); });
  for (const std::string_view value :
       {"1", "1.50", "-0.005", "1E+5", "1E-7", "0E-3", "12345678901234567890.123456789",
        "99999.995", "10000", "100000000", "0.00001", "2.5", "-3.5"}) {
    add(std::string(value), [value](auto& b, auto c) { b.append_decimal(c, value); });
  }
  add("'NaN'::numeric", [](auto& b, auto c) { b.append_decimal(c, "NaN"); });
  for (const std::string_view value : {"",
                                       "1",
                                       " 7 ",
                                       "+5",
                                       "-0",
                                       "1.5",
                                       "1e3",
                                       "32768",
                                       "9223372036854775808",
                                       "NaN",
                                       "infinity",
                                       "-Infinity",
                                       "true",
                                       "F",
                                       "of",
                                       "o",
                                       "abc",
                                       "abcde ",
                                       "abcdef",
                                       "2024-02-29",
                                       "2024-02-30",
                                       "2024-02-29T10:20:30",
                                       "2024-02-29 10:20:30.123456",
                                       "2024-02-29T10:20:30+02:00",
                                       "0044-03-15 BC",
                                       "20240229",
                                       "January 8, 1999",
                                       "10:20",
                                       "{\"a\": [1, null]}",
                                       "[1, 2]",
                                       "{1,2}",
                                       "{a,\"b c\"}",
                                       "192.168.0.1/24",
                                       "1 day 2 hours",
                                       "(1,2)",
                                       "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                       "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
                                       "\\x00ff",
                                       "a\\\\b",
                                       "a\\101",
                                       "back\\slash",
                                       "tab\tand\nline",
                                       "happy",
                                       "$12.34",
                                       "ž",
                                       "'quoted'",
                                       "\\.",
                                       "\\N",
                                       "0x1F",
                                       "1_000",
                                       "1.0e",
                                       "--1",
                                       "0.1",
                                       "1e400",
                                       "1e-400"}) {
    add(quote_text(value), [value](auto& b, auto c) { b.append_text(c, value); });
  }
  // Cursors' dates and times went as ISO texts.
  add("'2024-02-29'", [](auto& b, auto c) { b.append_date(c, 19'782); });
  add("'2024-02-29T10:20:30'",
      [](auto& b, auto c) { b.append_timestamp(c, 1'709'202'030'000'000); });
  add("'2024-02-29T10:20:30.500000'",
      [](auto& b, auto c) { b.append_timestamp(c, 1'709'202'030'500'000); });
  add("'2024-02-29T10:20:30+00:00'",
      [](auto& b, auto c) { b.append_timestamp_utc(c, 1'709'202'030'000'000); });
  add("'1969-12-31T23:59:59.999999'", [](auto& b, auto c) { b.append_timestamp(c, -1); });
  add("'\\x00ff41'::bytea",
      [](auto& b, auto c) { b.append_binary(c, std::string_view("\0\xff\x41", 3)); });
  return all;
}

// PostgreSQL's own word: what it does with the literal is what must become of the value.
TEST_F(PostgresStoreTest, every_value_that_upstream_could_store_is_stored_as_upstream_stored_it) {
  execute(
      "create type mood as enum ('happy', 'abc'); create domain small as integer check (value < "
      "1000); create domain code as varchar(3); create domain tiny as small");
  store_ = database_.open_as({}, "-c timezone=Europe/Berlin");
  sql_ = database_.sql("-c timezone=Europe/Berlin");
  const std::vector<Sent> sent = samples();
  std::size_t stored = 0;
  for (const std::string type :
       {"boolean",     "smallint",     "integer", "bigint", "real",    "double precision",
        "numeric",     "numeric(6,2)", "text",    "bytea",  "char(4)", "varchar(5)",
        "date",        "timestamp",    "time",    "json",   "jsonb",   "timestamp(0)",
        "timestamptz", "interval",     "uuid",    "inet",   "text[]",  "integer[]",
        "money",       "oid",          "point",   "mood",   "small",   "tiny",
        "code",        "bit varying",  "xml"}) {
    execute("create table expected (id integer, v " + type +
            "); create table found (id bigint, v " + type + ")");
    for (std::size_t i = 0; i < sent.size(); ++i) {
      try {
        execute("insert into expected values (" + std::to_string(i) + ", " + sent[i].literal + ")");
      } catch (const Error&) {
        continue;  // what failed may succeed now
      }
      ++stored;
      BatchBuilder batch;
      batch.append_integer(batch.column("id"), static_cast<std::int64_t>(i));
      sent[i].append(batch, batch.column("v"));
      batch.end_row();
      try {
        append("found", batch.finish());
      } catch (const Error& error) {
        store().rollback();
        ADD_FAILURE() << sent[i].literal << " into " << type << ": " << error.what();
      }
    }
    for (const Row& row : rows("select e.id, e.v::text, f.v::text from expected e join found f "
                               "using (id) where e.v::text is distinct from f.v::text or "
                               "octet_length(e.v::text) <> octet_length(f.v::text)")) {
      ADD_FAILURE() << sent[static_cast<std::size_t>(*row[0].if_integer())].literal << " into "
                    << type << " became " << to_json(row[2]) << " instead of " << to_json(row[1]);
    }
    execute("drop table expected, found");
  }
  EXPECT_GT(stored, 500U);
}

TEST_F(PostgresStoreTest, a_decimal_travels_exactly_whatever_its_length) {
  execute("create table t (n numeric)");
  const std::string digits(1000, '7');
  for (const std::string& value :
       {std::string("0"), "-0.00" + digits, digits, digits + "." + digits, std::string("1e300"),
        std::string("1000000000000"), std::string("10000.0001"), std::string("0.0001"),
        std::string("0.00012"), std::string("-9999.9999"), std::string("Infinity")}) {
    append("t", one("n", [&](auto& b, auto c) { b.append_decimal(c, value); }));
    EXPECT_EQ(rows("select n = " + quote_text(value) +
                   "::numeric, scale(n) is not distinct from "
                   "scale(" +
                   quote_text(value) + "::numeric) from t"),
              (Rows{{true, true}}))
        << value;
    execute("delete from t");
  }
  EXPECT_EQ(
      refusal_of("t", one("n", [](auto& b, auto c) { b.append_decimal(c, "1e200000"); })).reason(),
      "out_of_range");
}

TEST_F(PostgresStoreTest, integers_become_the_decimals_that_they_are) {
  execute("create table t (n numeric)");
  std::vector<std::int64_t> all{0, std::numeric_limits<std::int64_t>::min(),
                                std::numeric_limits<std::int64_t>::max()};
  for (std::int64_t power = 1; power < 1'000'000'000'000'000'000; power *= 10) {
    for (const std::int64_t value : {power, power - 1, -power, 7 * power + 3}) all.push_back(value);
  }
  BatchBuilder builder;
  for (const std::int64_t value : all) {
    builder.append_integer(builder.column("n"), value);
    builder.end_row();
  }
  append("t", builder.finish());
  const Rows stored = rows("select n::text from t order by ctid");
  ASSERT_EQ(stored.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(stored[i][0], Value(std::to_string(all[i])));
  }
}

TEST_F(PostgresStoreTest, rows_longer_than_any_buffer_keep_their_neighbours) {
  constexpr std::size_t kLong = 700'001;
  for (const std::string type : {"text", "name"}) {  // in binary, and as text
    execute("create table t (id bigint, odd " + type + ", n bigint, j jsonb, s text, b boolean)");
    BatchBuilder builder;
    for (std::int64_t i = 0; i < 50; ++i) {
      const std::size_t length = i % 7 == 3 ? kLong : static_cast<std::size_t>(i);
      builder.append_integer(builder.column("id"), i);
      builder.append_text(builder.column("odd"), "x");
      if (i % 2 == 0) builder.append_integer(builder.column("n"), -i);
      if (i % 3 == 0) builder.append_json(builder.column("j"), "[" + std::to_string(i) + "]");
      builder.append_text(builder.column("s"), std::string(length, '\t'));
      builder.append_boolean(builder.column("b"), i % 5 == 0);
      builder.end_row();
    }
    append("t", builder.finish());
    const Rows stored = rows("select id, n, j->>0, length(s), b from t order by id");
    ASSERT_EQ(stored.size(), 50U);
    for (std::int64_t i = 0; i < 50; ++i) {
      EXPECT_EQ(
          stored[static_cast<std::size_t>(i)],
          (Row{i, i % 2 == 0 ? Value(-i) : Value(), i % 3 == 0 ? Value(std::to_string(i)) : Value(),
               i % 7 == 3 ? static_cast<std::int64_t>(kLong) : i, i % 5 == 0}));
    }
    execute("drop table t");
  }
}

TEST_F(PostgresStoreTest, years_beyond_four_digits_and_before_christ_come_back) {
  execute("create table t (d date, t timestamp, o timestamp)");
  BatchBuilder builder;
  builder.append_date(builder.column("d"), -735'234);
  builder.append_timestamp(builder.column("t"), -63'524'217'600'000'000);
  builder.append_timestamp(builder.column("o"), 4'102'444'800'000'000'000);
  builder.end_row();
  const Batch batch = builder.finish();
  append("t", batch);
  execute("alter table t add column odd point");  // now as text
  append("t", Batch({batch.column(0), batch.column(1), batch.column(2),
                     one("odd", [](auto& b, auto c) { b.append_text(c, "(1,2)"); }).column(0)},
                    1));
  const Rows stored = rows("select d::text, t::text, o::text from t");
  EXPECT_EQ(stored.at(0), stored.at(1));
  EXPECT_EQ(stored.at(0),
            rows("select (date '1970-01-01' - 735234)::text, (timestamp 'epoch' - interval "
                 "'63524217600 s')::text, (timestamp 'epoch' + interval '4102444800000 s')::text")
                .at(0));
  for (const ColumnType type : {ColumnType::date, ColumnType::timestamp}) {
    Column far{.field = {type == ColumnType::date ? "d" : "t", type}};
    far.values.resize(type == ColumnType::date ? 4 : 8);
    far.values.back() = 0x80;  // the least number
    EXPECT_EQ(refusal_of("t", Batch({far}, 1)).reason(), "out_of_range");
  }
}

TEST_F(PostgresStoreTest, lists_become_arrays) {
  execute("create table t (n integer[], s text[], m integer[])");
  BatchBuilder builder;
  builder.append_json(builder.column("n"), "[1, null, 3]");
  builder.append_json(builder.column("s"), R"(["a,b", "\"q\"", "NULL", "", null, "\\"])");
  builder.append_json(builder.column("m"), "[[1, 2], [3, 4]]");
  builder.end_row();
  append("t", builder.finish());
  EXPECT_EQ(rows("select n = array[1, null, 3], s = array['a,b', '\"q\"', 'NULL', '', null, '\\'], "
                 "m = array[[1, 2], [3, 4]] from t"),
            (Rows{{true, true, true}}));
}

// ---- what is refused
// -----------------------------------------------------------------------------

TEST_F(PostgresStoreTest, a_refusal_names_the_column_and_every_row_that_shares_its_reason) {
  execute("create table t (id integer, n smallint)");
  std::vector<Batch> batches;
  for (int part = 0; part < 2; ++part) {
    BatchBuilder builder;
    for (const std::string_view value : {"1", "many", "70000", "2", "x"}) {
      builder.append_text(builder.column("n"), value);
      builder.end_row();
    }
    batches.push_back(builder.finish());
  }
  store().begin();
  try {
    store().append(store().find_table("t"), std::vector<std::size_t>{1}, batches);
    FAIL();
  } catch (const RowsRefused& refused) {
    EXPECT_EQ(refused.reason(), "wrong_type");
    EXPECT_EQ(refused.column(), "n");
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{1, 4, 6, 9}));
    EXPECT_NE(std::string(refused.what()).find("'many'"), std::string::npos);
    EXPECT_NE(std::string(refused.what()).find("smallint"), std::string::npos);
  }
  store().rollback();
}

TEST_F(PostgresStoreTest, text_that_is_none_is_refused_with_its_rows) {
  execute("create table t (s text)");
  BatchBuilder builder;
  for (const std::string_view value :
       {std::string_view("good"), std::string_view("\xed\xa0\x80"), std::string_view("ž"),
        std::string_view("\xff"), std::string_view("\xc0\x80"),
        std::string_view("\xf4\x90\x80\x80"), std::string_view("cut \xe2\x82")}) {
    builder.append_text(builder.column("s"), value);
    builder.end_row();
  }
  const RowsRefused refused = refusal_of("t", builder.finish());
  EXPECT_EQ(refused.reason(), "not_utf8");
  EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{1, 3, 4, 5, 6}));
  const RowsRefused nul = refusal_of("t", text("s", std::string_view("a\0b", 3)));
  EXPECT_EQ(nul.reason(), "nul_byte");
  EXPECT_EQ(nul.rows(), (std::vector<std::size_t>{0}));
}

TEST_F(PostgresStoreTest, what_only_the_server_can_judge_it_refuses_by_row) {
  execute(
      "create domain even as integer check (value % 2 = 0); create type mood as enum ('sad'); "
      "create table t (at timestamp, e even, j jsonb, m mood, n numeric(3), v varchar(3), i inet)");
  const auto second = [](std::string_view column, const Append& good, const Append& bad) {
    BatchBuilder builder;
    const auto at = builder.column(column);
    good(builder, at);
    builder.end_row();
    bad(builder, at);
    builder.end_row();
    return builder.finish();
  };
  const auto text_of = [](std::string_view value) {
    return [value](BatchBuilder& b, std::size_t c) { b.append_text(c, value); };
  };
  const auto number_of = [](std::int64_t value) {
    return [value](BatchBuilder& b, std::size_t c) { b.append_integer(c, value); };
  };
  const auto expect = [&](const Batch& batch, std::string_view reason) {
    const RowsRefused refused = refusal_of("t", batch);
    EXPECT_EQ(refused.reason(), reason) << refused.what();
    EXPECT_EQ(refused.column(), batch.schema()[0].name);
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{1})) << refused.what();
  };
  expect(second("at", text_of("yesterday"), text_of("never ever")), "wrong_type");
  expect(second("at", text_of("today"), text_of("2024-02-30")), "out_of_range");
  expect(second("e", number_of(2), number_of(3)), "check");
  expect(second("j", text_of("[1]"), text_of("[1")), "wrong_type");
  expect(second("m", text_of("sad"), text_of("glad")), "wrong_type");
  expect(second("n", number_of(999), number_of(1000)), "out_of_range");
  expect(second("v", text_of("abc "), text_of("abcd")), "too_long");
  expect(second("i", text_of("::1"), text_of("localhost")), "wrong_type");
}

TEST_F(PostgresStoreTest, a_row_that_no_page_holds_is_refused) {
  std::string columns;
  BatchBuilder builder;
  for (int i = 0; i < 1200; ++i) {
    const std::string name = "c" + std::to_string(i);
    columns += (i == 0 ? "" : ", ") + name + " bigint";
    builder.append_integer(builder.column(name), i);
  }
  builder.end_row();
  execute("create table t (" + columns + ")");
  const RowsRefused refused = refusal_of("t", builder.finish());
  EXPECT_EQ(refused.reason(), "too_large");
}

TEST_F(PostgresStoreTest, a_foreign_key_is_refused_without_a_guess_at_the_row) {
  execute("create table p (id integer primary key); create table t (id integer references p)");
  const RowsRefused refused = refusal_of("t", integers("id", 7, 3));
  EXPECT_EQ(refused.reason(), "foreign_key");
  EXPECT_TRUE(refused.rows().empty());
}

// ---- names
// ---------------------------------------------------------------------------------------

TEST_F(PostgresStoreTest, a_name_is_looked_up_as_sql_does_it) {
  execute(
      "create schema sales; create schema \"Odd\"; create table sales.orders (a int); create table "
      "\"Odd\".\"T t\" (b int); create table \"MyTable\" (c int); create table \"dot.ted\" (d "
      "int)");
  EXPECT_EQ(store().find_table("Sales.ORDERS").path, (std::vector<std::string>{"sales", "orders"}));
  EXPECT_EQ(store().find_table("\"Odd\".\"T t\"").columns.at(0).name, "b");
  EXPECT_EQ(store().find_table("dot.ted").columns.at(0).name, "d");
  const std::string here = *rows("select current_database()")[0][0].if_string();
  EXPECT_TRUE(store().find_table(here + ".sales.orders").exists());
  // Where there is no table of the folded name, one of exactly this name is meant.
  EXPECT_EQ(store().find_table("MyTable").columns.at(0).name, "c");
  execute("create table mytable (e int)");
  EXPECT_EQ(store().find_table("MyTable").columns.at(0).name, "e");
  EXPECT_EQ(store().find_table("NewTable").path,
            (std::vector<std::string>{database_.schema(), "newtable"}));
  EXPECT_EQ(store().find_table("SALES.NewTable").path,
            (std::vector<std::string>{"sales", "newtable"}));
  store().run("set search_path = sales");
  EXPECT_TRUE(store().find_table("orders").exists());
  store().run("create temporary table orders (t int)");
  EXPECT_EQ(store().find_table("orders").columns.at(0).name, "t");
  execute("set client_min_messages = warning; drop schema sales, \"Odd\" cascade");
}

TEST_F(PostgresStoreTest, a_name_without_a_place_is_an_error_that_says_what_to_do) {
  execute("create sequence s");
  const auto error_of = [&](std::string_view name) -> std::string {
    try {
      (void)store().find_table(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(error_of("nowhere.t").find("no schema \"nowhere\""), std::string::npos);
  EXPECT_NE(error_of("other_db.public.t").find("another database"), std::string::npos);
  EXPECT_NE(error_of("s").find("no table that rows can go to"), std::string::npos);
  store().run("set search_path = nowhere");
  EXPECT_NE(error_of("t").find("search_path"), std::string::npos);
}

TEST_F(PostgresStoreTest, names_of_columns_are_folded_where_sql_folds_them) {
  EXPECT_EQ(store().new_column_name("MyColumn"), "mycolumn");
  EXPECT_EQ(store().new_column_name("My Column"), "My Column");
  EXPECT_EQ(store().new_column_name("ctid"), "ctid_");  // every table has its own
  EXPECT_EQ(store().fold("CTID"), store().fold("ctid_"));
  load(store(), "t", Batch({Column(integers(store().new_column_name("xmin"), 1, 1).column(0))}, 1));
  EXPECT_EQ(rows("select xmin_ from t"), Rows{{1}});
}

// ---- tables of others
// ----------------------------------------------------------------------------

TEST_F(PostgresStoreTest, rows_go_where_copy_cannot) {
  execute(
      "create table base (id integer, s text default 'd' not null); "
      "create view v as select * from base where id > 0; "
      "create table ruled (id integer, s text); create table log (id integer); "
      "create rule r as on insert to ruled do also insert into log values (new.id); "
      "create table secured (id integer); alter table secured enable row level security, force row "
      "level security; create policy p on secured with check (id < 10); "
      "create role plain login password 'p'; grant all on all tables in schema " +
      database_.schema() + " to plain; grant usage on schema " + database_.schema() + " to plain");
  append("v", integers("id", 1, 3));
  EXPECT_EQ(rows("select id, s from base"), (Rows{{1, "d"}, {2, "d"}, {3, "d"}}));
  append("ruled", integers("id", 1, 2));
  EXPECT_EQ(rows("select count(*) from log"), Rows{{2}});
  store_ = database_.open_as({{"postgres_user", "plain"}, {"postgres_password", "p"}});
  append("secured", integers("id", 1, 2));
  EXPECT_EQ(rows("select count(*) from secured"), Rows{{2}});
  EXPECT_THROW(append("secured", integers("id", 10, 1)), PermissionDenied);
  store_.reset();
  execute("drop owned by plain; drop role plain");
}

TEST_F(PostgresStoreTest, what_the_server_fills_in_itself_is_no_column_for_rows) {
  execute(
      "create table t (id integer generated always as identity, own integer generated by default "
      "as identity, n integer, twice integer generated always as (n * 2) stored)");
  std::string names;
  for (const TableColumn& column : store().find_table("t").columns) names += column.name + ",";
  EXPECT_EQ(names, "own,n,");
  append("t", integers("n", 5, 2));
  append("t", integers("own", 100, 1));
  EXPECT_EQ(rows("select id, own, n, twice from t"),
            (Rows{{1, 1, 5, 10}, {2, 2, 6, 12}, {3, 100, nullptr, nullptr}}));
}

TEST_F(PostgresStoreTest, rows_of_nothing_but_defaults_are_rows) {
  execute("create table t (id bigserial, s text default 'x' not null)");
  append("t", one("s", [](BatchBuilder& b, std::size_t c) { b.append_null(c); }));
  EXPECT_EQ(rows("select * from t"), (Rows{{1, "x"}}));
}

TEST_F(PostgresStoreTest, a_trigger_may_fill_in_what_must_not_be_missing) {
  execute(
      "create table t (id integer not null, n integer); create function f() returns trigger "
      "language plpgsql as 'begin new.id := new.n * 10; return new; end'; create trigger g before "
      "insert on t for each row execute function f()");
  append("t", integers("n", 1, 2));
  EXPECT_EQ(rows("select id from t"), (Rows{{10}, {20}}));
}

TEST_F(PostgresStoreTest, a_partitioned_table_takes_rows) {
  execute(
      "create table t (n integer) partition by range (n); create table t1 partition of t for "
      "values from (0) to (10)");
  append("t", integers("n", 8, 2));
  const RowsRefused refused = refusal_of("t", integers("n", 9, 2));
  EXPECT_EQ(refused.reason(), "check");
  EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{1}));
}

// ---- types that change
// ---------------------------------------------------------------------------

TEST_F(PostgresStoreTest, columns_have_the_types_of_their_values) {
  BatchBuilder builder;
  for (const ColumnType type : store_test::kAllTypes) {
    store_test::append_sample(builder, builder.column(to_string(type)), type);
  }
  builder.end_row();
  load(store(), "t", builder.finish());
  std::vector<std::string> types;
  for (const TableColumn& column : store().find_table("t").columns) types.push_back(column.type);
  EXPECT_EQ(types, (std::vector<std::string>{"text", "boolean", "bigint", "double precision",
                                             "text", "bytea", "date", "timestamp without time zone",
                                             "timestamp with time zone", "numeric", "jsonb"}));
}

TEST_F(PostgresStoreTest, a_wider_type_holds_what_was_and_what_comes) {
  const auto widened = [&](const std::string& type, const Append& value) {
    const Batch batch = one("c", value);
    return store().wider_type({.name = "c", .type = type}, false, batch.column(0), 1);
  };
  const auto integer = [](std::int64_t value) {
    return [value](BatchBuilder& b, std::size_t c) { b.append_integer(c, value); };
  };
  const auto real = [](double value) {
    return [value](BatchBuilder& b, std::size_t c) { b.append_real(c, value); };
  };
  const auto decimal = [](std::string_view value) {
    return [value](BatchBuilder& b, std::size_t c) { b.append_decimal(c, value); };
  };
  const auto boolean = [](BatchBuilder& b, std::size_t c) { b.append_boolean(c, true); };
  const auto date = [](BatchBuilder& b, std::size_t c) { b.append_date(c, 1); };
  const auto json = [](BatchBuilder& b, std::size_t c) { b.append_json(c, "{}"); };
  EXPECT_EQ(widened("smallint", integer(32'767)), "");
  EXPECT_EQ(widened("smallint", integer(32'768)), "bigint");
  EXPECT_EQ(widened("integer", boolean), "");
  EXPECT_EQ(widened("boolean", integer(1)), "bigint");
  EXPECT_EQ(widened("bigint", real(0.5)), "double precision");
  EXPECT_EQ(widened("double precision", integer((std::int64_t{1} << 53U) + 1)), "numeric");
  EXPECT_EQ(widened("double precision", integer(1)), "");
  EXPECT_EQ(widened("real", real(0.5)), "");
  EXPECT_EQ(widened("real", real(0.1)), "double precision");
  EXPECT_EQ(widened("double precision", decimal("0.1")), "numeric");
  EXPECT_EQ(widened("numeric(5,2)", decimal("123.45")), "");
  EXPECT_EQ(widened("numeric(5,2)", decimal("1234")), "numeric");
  EXPECT_EQ(widened("numeric(5,2)", decimal("0.125")), "numeric");
  EXPECT_EQ(widened("numeric(5,2)", integer(999)), "");
  EXPECT_EQ(widened("numeric(5,2)", integer(1000)), "numeric");
  EXPECT_EQ(widened("numeric", real(0.1)), "");
  EXPECT_EQ(widened("numeric", json), "jsonb");
  EXPECT_EQ(widened("jsonb", integer(1)), "");
  EXPECT_EQ(widened("date", integer(1)), "text");
  EXPECT_EQ(widened("timestamp(3) without time zone", date), "");
  EXPECT_EQ(widened("timestamp with time zone", date), "text");
  EXPECT_EQ(widened("character varying(3)", date), "");
  EXPECT_EQ(widened("inet", date), "");
}

TEST_F(PostgresStoreTest, values_keep_what_they_say_when_their_column_changes) {
  execute(
      "create table t (b boolean, b2 boolean, i integer, r double precision, r2 double precision, "
      "d "
      "date, t timestamp, z timestamptz, n numeric, j jsonb, y bytea); insert into t values (true, "
      "false, 7, 0.30000000000000004, 1e300, '2024-02-29', '2024-02-29 01:02:03.5', '2024-02-29 "
      "01:02:03+02', 1.50, '[1]', '\\x00ff')");
  const auto change = [&](const std::string& column, const std::string& type) {
    const TableShape table = store().find_table("t");
    store().change_type(table, table.columns[store_test::index_of(store(), table, column)], type);
  };
  for (const auto& [column, type] :
       std::vector<std::pair<std::string, std::string>>{{"b", "bigint"},
                                                        {"b2", "double precision"},
                                                        {"i", "double precision"},
                                                        {"r", "numeric"},
                                                        {"r2", "jsonb"},
                                                        {"d", "timestamp without time zone"},
                                                        {"t", "text"},
                                                        {"z", "text"},
                                                        {"n", "text"},
                                                        {"j", "text"},
                                                        {"y", "text"}}) {
    change(column, type);
  }
  EXPECT_EQ(
      rows("select b, b2, i, r::text, r2::text, d::text, t, z, n, j, y from t"),
      (Rows{{1, 0.0, 7.0, "0.30000000000000004", "1" + std::string(300, '0'), "2024-02-29 00:00:00",
             "2024-02-29T01:02:03.5", "2024-02-28T23:02:03+00:00", "1.50", "[1]", "\\x00ff"}}));
}

// ---- other sessions
// ------------------------------------------------------------------------------

TEST_F(PostgresStoreTest, a_lock_that_is_not_had_in_time_is_a_conflict) {
  execute("create table t (n integer)");
  const auto impatient = database_.open_as({}, "-c lock_timeout=50ms");
  const TableShape table = impatient->find_table("t");
  const Batch batch = integers("n", 1, 1);
  execute("begin; lock table t in access exclusive mode");
  impatient->begin();
  EXPECT_THROW(impatient->append(table, std::vector<std::size_t>{0}, std::span(&batch, 1)),
               TransactionConflict);
  impatient->rollback();
  execute("commit");
  impatient->begin();
  impatient->append(table, std::vector<std::size_t>{0}, std::span(&batch, 1));
  impatient->commit();
  EXPECT_EQ(store().query("show lock_timeout"), (Rows{{"10s"}}));  // for those that ask for none
}

TEST_F(PostgresStoreTest, one_definition_is_changed_at_a_time) {
  const TableShape table = store().find_table("t");
  const auto other = database_.open_as({}, "-c lock_timeout=50ms");
  store().begin();
  store().lock_definition(table);
  other->begin();
  other->lock_definition(other->find_table("another"));
  EXPECT_THROW(other->lock_definition(table), TransactionConflict);
  other->rollback();
  store().commit();
  other->begin();
  other->lock_definition(table);
  other->commit();
}

TEST_F(PostgresStoreTest, what_another_made_at_the_same_time_is_a_conflict) {
  store().run("create table t (a integer)");
  EXPECT_THROW(store().run("create table t (a integer)"), TransactionConflict);
  EXPECT_THROW(store().run("alter table t add column a integer"), TransactionConflict);
  store().begin();
  store().run("create table _vdk_x (a integer primary key)");
  store().run("insert into _vdk_x values (1)");
  EXPECT_THROW(store().run("insert into _vdk_x values (1)"), TransactionConflict);
  store().rollback();
}

TEST_F(PostgresStoreTest, a_table_that_changed_on_the_way_takes_nothing_in_its_old_meaning) {
  execute("create table t (n bigint)");
  const TableShape table = store().find_table("t");
  execute("alter table t alter n type timestamp using null");
  const Batch batch = integers("n", 1, 1);
  store().begin();
  EXPECT_THROW(store().append(table, std::vector<std::size_t>{0}, std::span(&batch, 1)),
               TransactionConflict);
  store().rollback();
  execute("alter table t rename n to m");
  store().begin();
  EXPECT_THROW(store().append(table, std::vector<std::size_t>{0}, std::span(&batch, 1)),
               TransactionConflict);
  store().rollback();
  EXPECT_EQ(rows("select count(*) from t"), Rows{{0}});
}

TEST_F(PostgresStoreTest, an_ended_session_is_a_lost_connection_wherever_it_ends) {
  execute("create table t (n bigint, s text)");
  const auto kill = [&](TableStore& victim) {
    const Rows pid = victim.query("select pg_backend_pid()");
    execute("select pg_terminate_backend(" + std::to_string(*pid[0][0].if_integer()) + ", 5000)");
  };
  kill(store());
  EXPECT_THROW(store().begin(), ConnectionLost);
  EXPECT_THROW(store().begin(), ConnectionLost);
  store().rollback();

  store_ = database_.open();
  const TableShape table = store().find_table("t");
  store().begin();
  kill(store());
  const Batch batch = text("s", std::string(5'000'000, 'x'));  // more than a socket's buffer
  EXPECT_THROW(store().append(table, std::vector<std::size_t>{1}, std::span(&batch, 1)),
               ConnectionLost);

  store_ = database_.open();
  store().begin();
  store().append(table, std::vector<std::size_t>{1}, std::span(&batch, 1));
  kill(store());
  EXPECT_THROW(store().commit(), ConnectionLost);
  EXPECT_EQ(rows("select count(*) from t"), Rows{{0}});
}

TEST_F(PostgresStoreTest, a_session_that_ends_in_mid_copy_is_noticed) {
  execute(
      "create table t (n bigint); create function f() returns trigger language plpgsql as 'begin "
      "if new.n = 5000 then perform pg_terminate_backend(pg_backend_pid()); end if; return new; "
      "end'; create trigger g before insert on t for each row execute function f()");
  store().begin();
  const TableShape table = store().find_table("t");
  const Batch batch = integers("n", 0, 2'000'000);
  try {
    store().append(table, std::vector<std::size_t>{0}, std::span(&batch, 1));
    FAIL();
  } catch (const ConnectionLost& lost) {
    EXPECT_EQ(lost.resolvable_by(), ResolvableBy::platform);
    EXPECT_EQ(lost.text().what, "terminating connection due to administrator command");
  }
  EXPECT_EQ(rows("select count(*) from t"), Rows{{0}});
}

TEST_F(PostgresStoreTest, a_server_that_cannot_take_a_connection_now_may_take_one_later) {
  execute("create role narrow login password 'p' connection limit 1");
  const Keys narrow{{"postgres_user", "narrow"}, {"postgres_password", "p"}};
  auto first = database_.open_as(narrow);
  EXPECT_THROW((void)database_.open_as(narrow), ConnectionLost);
  EXPECT_THROW((void)database_.open_as({{"postgres_port", "1"}}), ConnectionLost);
  // Never right, however often it is tried.
  for (const auto& [key, value] :
       {std::pair{"postgres_password", "wrong"}, std::pair{"postgres_host", "nowhere.invalid"}}) {
    try {
      (void)database_.open_as({{key, value}});
      ADD_FAILURE() << key;
    } catch (const ConnectionLost&) {
      ADD_FAILURE() << key;
    } catch (const Error&) {
    }
  }
  first.reset();
  execute("drop role narrow");
}

TEST_F(PostgresStoreTest, what_an_account_may_not_do_is_told_apart) {
  execute(
      "create table t (n integer); create role guest login password 'p'; grant usage on schema " +
      database_.schema() + " to guest");
  const auto guest = database_.open_as({{"postgres_user", "guest"}, {"postgres_password", "p"}});
  const TableShape table = guest->find_table("t");
  const Batch batch = integers("n", 1, 1);
  guest->begin();
  EXPECT_THROW(guest->append(table, std::vector<std::size_t>{0}, std::span(&batch, 1)),
               PermissionDenied);
  guest->rollback();
  EXPECT_THROW(guest->run("create table x (a int)"), PermissionDenied);
  execute("grant insert on t to guest");
  guest->begin();
  guest->append(table, std::vector<std::size_t>{0}, std::span(&batch, 1));
  guest->commit();
  execute("alter role guest set default_transaction_read_only = on");
  const auto reader = database_.open_as({{"postgres_user", "guest"}, {"postgres_password", "p"}});
  EXPECT_THROW(reader->run("insert into t values (1)"), PermissionDenied);
  execute("drop owned by guest");
  execute("drop role guest");
}

TEST_F(PostgresStoreTest, a_forked_child_leaves_the_transaction_to_its_parent) {
  execute("create table t (n bigint)");
  const TableShape table = store().find_table("t");
  const Batch batch = integers("n", 1, 3);
  store().begin();
  store().append(table, std::vector<std::size_t>{0}, std::span(&batch, 1));
  const pid_t child = fork();
  if (child == 0) {
    store_.reset();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  store().commit();
  EXPECT_EQ(rows("select count(*) from t"), Rows{{3}});
}

TEST_F(PostgresStoreTest, backslashes_are_no_escapes_whatever_the_server_is_set_to) {
  store_ = database_.open_as({}, "-c standard_conforming_strings=off");
  EXPECT_EQ(store().query("select " + quote_text("a\\'b")), (Rows{{"a\\'b"}}));
}

TEST(PostgresStore, greenplum_is_the_same_store_under_its_own_name) {
  Keys own;
  for (const auto& [key, value] : keys()) {
    own.emplace_back("greenplum" + key.substr(key.find('_')), value);
  }
  const PluginIndex index(VDK_SOURCE_DIR "/plugins/postgres");
  ConfigurationBuilder builder;
  index.declare_options(builder);
  for (const auto& [key, value] : own) {
    builder.set(key, value, {OriginKind::config_ini, "config.ini:1"}, kMainSection);
  }
  const auto store = open_store(kGreenplum, builder.build(), kMainSection);
  EXPECT_EQ(store->traits().engine, "greenplum");
  EXPECT_NE(store->place().find("Greenplum database postgres"), std::string::npos);
}

// ---- pieces
// --------------------------------------------------------------------------------------

TEST(PostgresNames, the_place_of_a_failed_copy_is_read_in_any_language) {
  const auto place = [](std::string_view context, std::string_view table) {
    const auto found = copy_place(context, table);
    return found ? std::to_string(found->row) + "/" + found->column : std::string();
  };
  EXPECT_EQ(place("COPY t, line 12, column n: \"x\"", "t"), "12/n");
  EXPECT_EQ(place("COPY t2, line 12", "t2"), "12/");
  EXPECT_EQ(place("PL/pgSQL function f() line 3 at RAISE\nCOPY t, line 7: \"COPY t, line 9\"", "t"),
            "7/");
  EXPECT_EQ(place("COPY t, Zeile 4, Spalte n", "t"), "4/");
  EXPECT_EQ(place("tのCOPY 行 4, 列 n", "t"), "4/");
  EXPECT_EQ(place("SQL statement \"SELECT 1 FROM x\"", "x"), "");
  EXPECT_EQ(place("", "t"), "");
}

}  // namespace
}  // namespace vdk::postgres
