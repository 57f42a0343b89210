// The promises of TableStore, tested on a real engine. The test binary of a plugin includes this
// once and instantiates it with what its engine does in its own way:
//
//   INSTANTIATE_TEST_SUITE_P(sqlite, StoreConformance, testing::Values(quirks), store_name);
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/data/batch_builder.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {

// A database of its own, empty at first, gone with the object.
class StoreDatabase {
 public:
  virtual ~StoreDatabase() = default;
  // One more connection; it waits for nobody for long.
  [[nodiscard]] virtual std::unique_ptr<TableStore> open() = 0;
  // One that waits for others as a job does.
  [[nodiscard]] virtual std::unique_ptr<TableStore> open_patient() { return open(); }
};

// How two transactions that change one table meet.
enum class Writers {
  one_at_a_time,  // begin() of the second fails while the first is open
  optimistic,     // the second is undone
  locking,        // the second waits for the first
};

struct StoreQuirks {
  std::string name;
  std::function<std::unique_ptr<StoreDatabase>()> create;
  Writers writers = Writers::locking;
  bool typed_columns = true;            // text that is no number does not fit a column of integers
  bool default_where_unlisted = false;  // upstream's statement named no other columns
  bool names_rows = false;              // a refusal says which rows
  bool folds_quoted_names = true;       // "a" and "A" are one column
  bool holds_any_bytes = false;         // text need not be UTF-8
  bool holds_any_depth = true;          // of nested JSON
  bool holds_any_row = true;            // however many bytes it has
  // What a query reads of kSamples, where it is not what kSamples says.
  std::map<ColumnType, Value> reads{};
};

inline std::string store_name(const testing::TestParamInfo<StoreQuirks>& info) {
  return info.param.name;
}

inline std::ostream& operator<<(std::ostream& out, const StoreQuirks& quirks) {
  return out << quirks.name;
}

namespace store_test {

using Row = std::vector<Value>;
using Rows = std::vector<Row>;

inline void append_sample(BatchBuilder& builder, std::size_t column, ColumnType type) {
  switch (type) {
    case ColumnType::null:
      return builder.append_null(column);
    case ColumnType::boolean:
      return builder.append_boolean(column, true);
    case ColumnType::integer:
      return builder.append_integer(column, std::int64_t{1} << 40U);
    case ColumnType::real:
      return builder.append_real(column, 1.1);
    case ColumnType::text:
      return builder.append_text(column, "it's ž");
    case ColumnType::binary:
      return builder.append_binary(column, std::string_view("\0\xff", 2));
    case ColumnType::date:
      return builder.append_date(column, 19'723);
    case ColumnType::timestamp:
      return builder.append_timestamp(column, 1'704'067'199'000'001);
    case ColumnType::timestamp_tz:
      return builder.append_timestamp_utc(column, 1'704'067'199'000'000);
    case ColumnType::decimal:
      return builder.append_decimal(column, "1234567890123456789.01");
    case ColumnType::json:
      return builder.append_json(column, R"({"a":[1]})");
  }
}

inline Value expected_sample(ColumnType type, const StoreQuirks& quirks) {
  const auto own = quirks.reads.find(type);
  if (own != quirks.reads.end()) return own->second;
  switch (type) {
    case ColumnType::null:
      return nullptr;
    case ColumnType::boolean:
      return true;
    case ColumnType::integer:
      return std::int64_t{1} << 40U;
    case ColumnType::real:
      return 1.1;
    case ColumnType::text:
      return "it's ž";
    case ColumnType::binary:
      return "00ff";
    case ColumnType::date:
      return "2024-01-01";
    case ColumnType::timestamp:
      return "2023-12-31 23:59:59.000001";
    case ColumnType::timestamp_tz:
      return "2023-12-31 23:59:59+00";
    case ColumnType::decimal:
      return "1234567890123456789.01";
    case ColumnType::json:
      return R"({"a":[1]})";
  }
  return {};
}

inline constexpr ColumnType kAllTypes[] = {
    ColumnType::null,         ColumnType::boolean, ColumnType::integer, ColumnType::real,
    ColumnType::text,         ColumnType::binary,  ColumnType::date,    ColumnType::timestamp,
    ColumnType::timestamp_tz, ColumnType::decimal, ColumnType::json};

// One column; `fill` appends to it.
template <class Fill>
Batch one(std::string_view name, Fill fill) {
  BatchBuilder builder;
  fill(builder, builder.column(name));
  builder.end_row();
  return builder.finish();
}

inline Batch integers(std::string_view name, std::int64_t from, std::int64_t count) {
  BatchBuilder builder;
  const std::size_t column = builder.column(name);
  for (std::int64_t i = 0; i < count; ++i) {
    builder.append_integer(column, from + i);
    builder.end_row();
  }
  return builder.finish();
}

inline Batch text(std::string_view name, std::string_view value) {
  return one(name, [&](BatchBuilder& b, std::size_t c) { b.append_text(c, value); });
}

inline std::vector<std::size_t> all_columns(const Batch& batch) {
  std::vector<std::size_t> into(batch.columns().size());
  std::iota(into.begin(), into.end(), std::size_t{0});
  return into;
}

// The index of the column in the table, by the engine's folding.
inline std::size_t index_of(const TableStore& store, const TableShape& table,
                            std::string_view name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (store.fold(table.columns[i].name) == store.fold(name)) return i;
  }
  ADD_FAILURE() << "no column " << name;
  return 0;
}

// Makes the table with the columns of the batch.
inline TableShape create(TableStore& store, std::string_view name, const Batch& batch) {
  const TableShape table = store.find_table(name);
  EXPECT_FALSE(table.exists());
  std::string columns;
  for (const Column& column : batch.columns()) {
    columns += (columns.empty() ? "" : ", ") + quote_name(column.field.name) + ' ' +
               store.column_type(column, batch.rows());
  }
  store.run("CREATE TABLE " + quote_path(table.path) + " (" + columns + ")");
  return store.find_table(name);
}

// One batch in one transaction, into a table that is made where there is none.
inline void load(TableStore& store, std::string_view name, const Batch& batch) {
  store.begin();
  try {
    TableShape table = store.find_table(name);
    if (!table.exists()) table = create(store, name, batch);
    std::vector<std::size_t> into;
    for (const Column& column : batch.columns()) {
      into.push_back(index_of(store, table, column.field.name));
    }
    store.append(table, into, std::span(&batch, 1));
    store.commit();
  } catch (...) {
    store.rollback();
    throw;
  }
}

}  // namespace store_test

class StoreConformance : public testing::TestWithParam<StoreQuirks> {
 protected:
  using Row = store_test::Row;
  using Rows = store_test::Rows;

  StoreConformance() : database_(GetParam().create()), store_(database_->open()) {}

  [[nodiscard]] const StoreQuirks& quirks() const { return GetParam(); }
  [[nodiscard]] TableStore& store() { return *store_; }

  static std::vector<std::size_t> all_columns(const Batch& batch) {
    return store_test::all_columns(batch);
  }
  TableShape create(std::string_view name, const Batch& batch) {
    return store_test::create(store(), name, batch);
  }
  std::size_t index_of(const TableShape& table, std::string_view name) {
    return store_test::index_of(store(), table, name);
  }

  // As create, filled with the batch's rows and committed.
  TableShape create_filled(std::string_view name, const Batch& batch) {
    store().begin();
    TableShape table = create(name, batch);
    store().append(table, all_columns(batch), std::span(&batch, 1));
    store().commit();
    return table;
  }

  // What a contract of "evolve" does with one more batch of the same columns.
  void append_widened(std::string_view name, const Batch& batch, bool is_empty = false) {
    store().begin();
    TableShape table = store().find_table(name);
    for (std::size_t i = 0; i < batch.columns().size(); ++i) {
      const std::string wider =
          store().wider_type(table.columns[i], is_empty, batch.columns()[i], batch.rows());
      if (!wider.empty()) store().change_type(table, table.columns[i], wider);
    }
    table = store().find_table(name);
    std::vector<std::size_t> into;
    for (const Column& column : batch.columns()) into.push_back(index_of(table, column.field.name));
    store().append(table, into, std::span(&batch, 1));
    store().commit();
  }

  void append(const TableShape& table, const std::vector<std::string>& columns,
              const Batch& batch) {
    std::vector<std::size_t> into;
    for (const std::string& column : columns) into.push_back(index_of(table, column));
    store().begin();
    store().append(table, into, std::span(&batch, 1));
    store().commit();
  }

  Rows rows_of(const TableShape& table, const std::string& columns = "*",
               const std::string& order = {}) {
    return store().query("SELECT " + columns + " FROM " + quote_path(table.path) +
                         (order.empty() ? "" : " ORDER BY " + order));
  }

  std::int64_t count(const TableShape& table) {
    const Rows rows = rows_of(table, "count(*)");
    return *rows.at(0).at(0).if_integer();
  }

  template <class Call>
  RowsRefused refusal_of(Call call) {
    try {
      call();
    } catch (const RowsRefused& refused) {
      store().rollback();
      return refused;
    }
    ADD_FAILURE() << "nothing was refused";
    store().rollback();
    return RowsRefused({.what = "nothing"}, "nothing");
  }

  std::unique_ptr<StoreDatabase> database_;
  std::unique_ptr<TableStore> store_;
};

// ---- values ------------------------------------------------------------------------------------

TEST_P(StoreConformance, values_of_every_type_come_back) {
  for (const ColumnType type : store_test::kAllTypes) {
    SCOPED_TRACE(std::string(to_string(type)));
    const Batch batch = store_test::one(
        "v", [&](BatchBuilder& b, std::size_t c) { store_test::append_sample(b, c, type); });
    const TableShape table = create_filled("t_" + std::to_string(static_cast<int>(type)), batch);
    const bool has_text = type == ColumnType::date || type == ColumnType::timestamp ||
                          type == ColumnType::timestamp_tz || type == ColumnType::decimal;
    const Rows rows = rows_of(table, has_text ? "CAST(v AS varchar(40))" : "v");
    ASSERT_EQ(rows.size(), 1U);
    const Value expected = store_test::expected_sample(type, quirks());
    EXPECT_EQ(to_json(rows[0].at(0)), to_json(expected));
  }
}

TEST_P(StoreConformance, nulls_and_texts_of_many_batches_keep_their_rows) {
  constexpr std::int64_t kRows = 5'003;
  std::vector<Batch> batches;
  for (std::int64_t part = 0; part < 2; ++part) {
    BatchBuilder builder;
    const auto id = builder.column("i");
    const auto number = builder.column("n");
    const auto text = builder.column("t");
    const auto flag = builder.column("f");
    for (std::int64_t i = part * kRows; i < (part + 1) * kRows; ++i) {
      builder.append_integer(id, i);
      if (i % 3 != 0) builder.append_integer(number, i);
      if (i % 5 != 0) builder.append_text(text, std::string(static_cast<std::size_t>(i % 40), 'x'));
      if (i % 7 != 0) builder.append_boolean(flag, i % 2 == 0);
      builder.end_row();
    }
    batches.push_back(builder.finish());
  }
  store().begin();
  const TableShape table = create("t", batches.front());
  store().append(table, all_columns(batches.front()), batches);
  store().commit();
  std::int64_t row = 0;
  for (const Row& values : rows_of(table, "i, n, length(t), f", "i")) {
    EXPECT_EQ(values[0], Value(row));
    EXPECT_EQ(values[1], row % 3 != 0 ? Value(row) : Value());
    EXPECT_EQ(values[2], row % 5 != 0 ? Value(row % 40) : Value());
    EXPECT_EQ(values[3].is_null(), row % 7 == 0);
    ++row;
  }
  EXPECT_EQ(row, 2 * kRows);
}

TEST_P(StoreConformance, numbers_at_the_edges_come_back) {
  BatchBuilder builder;
  builder.append_integer(builder.column("min"), std::numeric_limits<std::int64_t>::min());
  builder.append_integer(builder.column("max"), std::numeric_limits<std::int64_t>::max());
  builder.append_real(builder.column("inf"), -std::numeric_limits<double>::infinity());
  builder.append_real(builder.column("nan"), std::numeric_limits<double>::quiet_NaN());
  builder.append_real(builder.column("tiny"), std::numeric_limits<double>::denorm_min());
  builder.append_json(builder.column("big"), "9223372036854775808");
  builder.append_decimal(builder.column("wide"), std::string(60, '9') + ".5");
  builder.append_decimal(builder.column("no"), "NaN");
  builder.end_row();
  const Batch batch = builder.finish();
  const TableShape table = create_filled("t", batch);
  const Row row = rows_of(table).at(0);
  EXPECT_EQ(row[0], Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(row[1], Value(std::numeric_limits<std::int64_t>::max()));
  ASSERT_TRUE(row[2].if_real());
  EXPECT_EQ(*row[2].if_real(), -std::numeric_limits<double>::infinity());
  if (store().traits().holds_nan) {
    ASSERT_TRUE(row[3].if_real());
    EXPECT_TRUE(std::isnan(*row[3].if_real()));
  } else {
    EXPECT_TRUE(row[3].is_null());
  }
  EXPECT_EQ(row[4], Value(std::numeric_limits<double>::denorm_min()));
  EXPECT_EQ(row[5], Value("9223372036854775808"));
  EXPECT_EQ(row[6], Value(std::string(60, '9') + ".5"));
  EXPECT_EQ(row[7], Value("NaN"));
}

TEST_P(StoreConformance, texts_and_bytes_at_the_edges_come_back) {
  BatchBuilder builder;
  builder.append_text(builder.column("empty"), "");
  builder.append_binary(builder.column("no_bytes"), "");
  builder.append_text(builder.column("quotes"), "'; DROP TABLE t; --\"`[\\");
  builder.append_text(builder.column("number"), "007");
  if (store().traits().holds_nul_in_text) {
    builder.append_text(builder.column("nul"), std::string_view("a\0b", 3));
  }
  builder.end_row();
  const Batch batch = builder.finish();
  const Row row = rows_of(create_filled("t", batch)).at(0);
  EXPECT_EQ(row[0], Value(""));
  EXPECT_EQ(row[1], Value(""));
  EXPECT_EQ(row[2], Value("'; DROP TABLE t; --\"`[\\"));
  EXPECT_EQ(row[3], Value("007"));
  if (store().traits().holds_nul_in_text) {
    EXPECT_EQ(row[4], Value(std::string_view("a\0b", 3)));
  }
}

TEST_P(StoreConformance, a_cell_of_100_mebibytes_comes_back) {
  constexpr std::size_t kSize = std::size_t{100} << 20U;
  const TableShape table = create_filled("t", store_test::text("v", std::string(kSize, 'x')));
  EXPECT_EQ(rows_of(table, "length(v)"), (Rows{{static_cast<std::int64_t>(kSize)}}));
}

TEST_P(StoreConformance, as_many_columns_as_the_engine_takes_fit) {
  constexpr std::size_t kMany = 2'000;
  const std::size_t most = store().traits().most_columns;
  const std::size_t columns = most == 0 ? kMany : std::min(most, kMany);
  BatchBuilder builder;
  for (std::size_t i = 0; i < columns; ++i) {
    builder.append_text(builder.column("c" + std::to_string(i)), std::to_string(i % 10));
  }
  builder.end_row();
  const TableShape table = create_filled("t", builder.finish());
  EXPECT_EQ(table.columns.size(), columns);
  const Row row = rows_of(table).at(0);
  ASSERT_EQ(row.size(), columns);
  EXPECT_EQ(row.back(), Value(std::to_string((columns - 1) % 10)));
}

TEST_P(StoreConformance, nothing_comes_of_batches_without_rows) {
  const Batch batch = store_test::integers("n", 1, 1);
  const TableShape table = create_filled("t", batch);
  const Batch empty({Column{.field = {"n", ColumnType::integer}}}, 0);
  store().begin();
  store().append(table, all_columns(empty), std::span(&empty, 1));
  store().append(table, all_columns(empty), {});
  store().commit();
  EXPECT_EQ(count(table), 1);
}

// ---- names -------------------------------------------------------------------------------------

TEST_P(StoreConformance, a_table_is_found_as_unquoted_sql_finds_it) {
  store().run("CREATE TABLE MyTable (MyColumn integer)");
  for (const std::string_view name : {"MyTable", "mytable", "MYTABLE"}) {
    const TableShape table = store().find_table(name);
    ASSERT_TRUE(table.exists()) << name;
    EXPECT_EQ(table.path, store().find_table("MyTable").path);
    EXPECT_EQ(store().fold(table.columns.at(0).name), store().fold("MYCOLUMN"));
    // Schema and table, dotted, mean the same.
    const std::string schema = table.path.at(table.path.size() - 2);
    EXPECT_EQ(store().find_table(schema + '.' + std::string(name)).path, table.path);
    EXPECT_EQ(store().read_table(table.path).columns.size(), 1U);
  }
}

TEST_P(StoreConformance, what_unquoted_sql_cannot_say_is_one_name) {
  for (const std::string name : {"order", "with blank", "no-name; drop table t", "it's",
                                 "say \"x\"", "9lives", "a..b", "é"}) {
    SCOPED_TRACE(name);
    const TableShape table = create_filled(name, store_test::integers("select", 7, 1));
    EXPECT_EQ(table.path.back(), name);
    EXPECT_EQ(rows_of(table), (Rows{{7}}));
  }
  create_filled("\"dotted.name\"", store_test::integers("n", 8, 1));
  EXPECT_EQ(store().find_table("\"dotted.name\"").path.back(), "dotted.name");
}

TEST_P(StoreConformance, columns_may_have_any_name) {
  BatchBuilder builder;
  for (const std::string_view name :
       {"select", "with blank", "say \"x\"", "it's", "a.b", "é", "%s?1"}) {
    builder.append_text(builder.column(name), name);
  }
  builder.end_row();
  const TableShape table = create_filled("t", builder.finish());
  const Row row = rows_of(table).at(0);
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(row[i], Value(table.columns[i].name));
}

TEST_P(StoreConformance, names_that_fold_together_are_not_two_columns) {
  BatchBuilder builder;
  builder.append_integer(builder.column("a"), 1);
  builder.append_integer(builder.column("A"), 2);
  builder.end_row();
  const Batch batch = builder.finish();
  if (quirks().folds_quoted_names && store().fold("a") == store().fold("A")) {
    EXPECT_THROW(store().run("CREATE TABLE t (\"a\" integer, \"A\" integer)"), Error);
  } else {
    EXPECT_EQ(rows_of(create_filled("t", batch)), (Rows{{1, 2}}));
  }
}

TEST_P(StoreConformance, a_nul_byte_in_a_name_ends_no_statement_early) {
  const TableShape table = create_filled("t", store_test::integers("n", 1, 1));
  const std::string name = std::string("n") + '\0' + "x";
  EXPECT_THROW(store().run("ALTER TABLE " + quote_path(table.path) + " ADD COLUMN " +
                           quote_name(name) + " integer"),
               Error);
  EXPECT_THROW((void)store().find_table(std::string("t") + '\0' + "x"), Error);
  EXPECT_EQ(store().find_table("t").columns.size(), 1U);
}

TEST_P(StoreConformance, a_table_of_others_is_read_as_it_is) {
  store().run(
      "CREATE TABLE t (a integer NOT NULL, b varchar(10) DEFAULT 'x' NOT NULL, c integer DEFAULT "
      "7)");
  const TableShape table = store().find_table("t");
  ASSERT_EQ(table.columns.size(), 3U);
  EXPECT_TRUE(table.columns[0].not_null);
  EXPECT_EQ(table.columns[0].default_value, "");
  EXPECT_EQ(table.columns[0].holds, ColumnType::integer);
  EXPECT_TRUE(table.columns[1].not_null);
  EXPECT_NE(table.columns[1].default_value, "");
  EXPECT_EQ(table.columns[1].holds, ColumnType::text);
  EXPECT_FALSE(table.columns[2].not_null);
  EXPECT_NE(table.columns[2].default_value, "");
}

// ---- transactions ------------------------------------------------------------------------------

TEST_P(StoreConformance, rollback_leaves_nothing) {
  const TableShape known = create_filled("known", store_test::integers("n", 1, 1));
  const Batch batch = store_test::integers("n", 2, 3);
  store().begin();
  store().append(known, all_columns(batch), std::span(&batch, 1));
  if (store().traits().ddl_joins_rows) {
    const TableShape fresh = create("fresh", batch);
    store().append(fresh, all_columns(batch), std::span(&batch, 1));
  }
  store().rollback();
  EXPECT_FALSE(store().find_table("fresh").exists());
  EXPECT_EQ(rows_of(known), (Rows{{1}}));
  store().rollback();  // does nothing outside a transaction
  append(known, {"n"}, batch);
  EXPECT_EQ(count(known), 4);
}

TEST_P(StoreConformance, what_is_committed_others_see_and_nothing_before) {
  const TableShape table = create_filled("t", store_test::integers("n", 1, 1));
  const auto other = database_->open();
  const Batch batch = store_test::integers("n", 2, 1);
  const std::string query = "SELECT count(*) FROM " + quote_path(table.path);
  store().begin();
  store().append(table, all_columns(batch), std::span(&batch, 1));
  EXPECT_EQ(other->query(query), (Rows{{1}}));
  store().commit();
  EXPECT_EQ(other->query(query), (Rows{{2}}));
}

TEST_P(StoreConformance, changes_of_others_are_seen_by_the_next_look) {
  const TableShape table = create_filled("t", store_test::integers("n", 1, 1));
  const auto other = database_->open();
  other->run("ALTER TABLE " + quote_path(table.path) + " ADD COLUMN more integer");
  const TableShape now = store().find_table("t");
  ASSERT_EQ(now.columns.size(), 2U);
  append(now, {"more"}, store_test::integers("more", 5, 1));
  EXPECT_EQ(rows_of(now, "n, more", "coalesce(n, 9)"), (Rows{{1, nullptr}, {nullptr, 5}}));
}

TEST_P(StoreConformance, two_transactions_on_one_table_end_in_order) {
  const TableShape table = create_filled("t", store_test::integers("n", 1, 1));
  const auto other = database_->open();
  const std::string add = "ALTER TABLE " + quote_path(table.path) + " ADD COLUMN ";
  const auto change = [&] {
    other->begin();
    other->run(add + "theirs integer");
    other->commit();
  };
  store().begin();
  store().run(add + "mine integer");
  switch (quirks().writers) {
    case Writers::one_at_a_time:
      try {
        change();
        FAIL() << "two writers";
      } catch (const Error& error) {
        EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform) << error.what();
      }
      other->rollback();
      store().commit();
      change();
      break;
    case Writers::optimistic:
      EXPECT_THROW(change(), TransactionConflict);
      other->rollback();
      store().commit();
      change();
      break;
    case Writers::locking: {
      auto waiting = std::async(std::launch::async, change);
      store().commit();
      waiting.get();
      break;
    }
  }
  EXPECT_EQ(store().find_table("t").columns.size(), 3U);
}

// ---- rows that do not fit ----------------------------------------------------------------------

TEST_P(StoreConformance, refused_rows_have_a_reason_and_poison_nothing) {
  store().run("CREATE TABLE t (id integer NOT NULL, n integer CHECK (n <> 13), UNIQUE (id))");
  const TableShape table = store().find_table("t");
  const auto rows = [](std::vector<std::pair<Value, Value>> values) {
    BatchBuilder builder;
    const auto id = builder.column("id");
    const auto n = builder.column("n");
    for (const auto& [first, second] : values) {
      if (first.if_integer()) builder.append_integer(id, *first.if_integer());
      if (second.if_integer()) builder.append_integer(n, *second.if_integer());
      builder.end_row();
    }
    return builder.finish();
  };
  const auto refused = [&](const Batch& batch) {
    return refusal_of([&] {
      const Batch good = rows({{100, 1}, {101, 1}});
      const std::vector<Batch> batches{good, batch};
      store().begin();
      store().append(table, all_columns(batch), batches);
      store().commit();
    });
  };
  const auto expect = [&](const RowsRefused& found, std::string_view reason,
                          std::vector<std::size_t> where) {
    EXPECT_EQ(found.reason(), reason) << found.what();
    EXPECT_EQ(found.resolvable_by(), ResolvableBy::user);
    EXPECT_EQ(found.rows(), quirks().names_rows ? where : std::vector<std::size_t>{});
  };
  const RowsRefused missing = refused(rows({{1, 1}, {nullptr, 1}, {2, 1}, {nullptr, 2}}));
  expect(missing, "not_null", {3, 5});
  EXPECT_EQ(missing.column(), "id");
  expect(refused(rows({{1, 1}, {2, 13}, {3, 3}})), "check", {3});
  expect(refused(rows({{1, 1}, {2, 1}, {1, 2}})), "duplicate_key", {4});
  EXPECT_EQ(count(table), 0);
  append(table, {"id", "n"}, rows({{1, 1}, {2, nullptr}}));
  EXPECT_EQ(count(table), 2);
}

TEST_P(StoreConformance, values_are_converted_as_the_engine_converts_them) {
  store().run("CREATE TABLE t (n varchar(20), k smallint, d date)");
  const TableShape table = store().find_table("t");
  BatchBuilder builder;
  builder.append_text(builder.column("k"), "8");
  builder.append_integer(builder.column("n"), 7);
  builder.append_text(builder.column("d"), "2024-02-29");
  builder.end_row();
  append(table, {"k", "n", "d"}, builder.finish());
  EXPECT_EQ(rows_of(table), (Rows{{"7", 8, "2024-02-29"}}));
  if (!quirks().typed_columns) return;
  const auto refused = [&](const Batch& batch) {
    return refusal_of([&] { append(table, {batch.columns()[0].field.name}, batch); }).reason();
  };
  EXPECT_EQ(refused(store_test::text("k", "many")), "wrong_type");
  EXPECT_EQ(refused(store_test::integers("k", 100'000, 1)), "out_of_range");
}

TEST_P(StoreConformance, an_integer_beyond_64_bits_is_stored_exactly_or_refused) {
  const TableShape table = create_filled("t", store_test::integers("n", 1, 1));
  const Batch batch = store_test::one(
      "n", [](BatchBuilder& b, std::size_t c) { b.append_json(c, "9223372036854775808"); });
  EXPECT_EQ(refusal_of([&] { append(table, {"n"}, batch); }).reason(), "out_of_range");
  EXPECT_EQ(count(table), 1);
}

TEST_P(StoreConformance, a_missing_value_is_the_default_where_the_table_refuses_null) {
  store().run(
      "CREATE TABLE t (id integer, a varchar(9) DEFAULT 'x' NOT NULL, b varchar(9) DEFAULT 'y', c "
      "integer)");
  const TableShape table = store().find_table("t");
  BatchBuilder builder;
  for (std::int64_t i = 0; i < 2; ++i) {
    builder.append_integer(builder.column("id"), i);
    if (i == 0) {
      builder.append_null(builder.column("a"));
      builder.append_null(builder.column("b"));
    } else {
      builder.append_text(builder.column("a"), "given");
      builder.append_text(builder.column("b"), "given");
    }
    builder.end_row();
  }
  append(table, {"id", "a", "b"}, builder.finish());
  append(table, {"id"}, store_test::integers("id", 2, 1));
  const Value unlisted = quirks().default_where_unlisted ? Value("y") : Value();
  EXPECT_EQ(rows_of(table, "id, a, b, c", "id"), (Rows{{0, "x", nullptr, nullptr},
                                                       {1, "given", "given", nullptr},
                                                       {2, "x", unlisted, nullptr}}));
}

// ---- tables that change ------------------------------------------------------------------------

TEST_P(StoreConformance, a_column_that_becomes_wider_keeps_every_value) {
  create_filled("t", store_test::integers("n", 1, 1));
  append_widened(
      "t", store_test::one("n", [](BatchBuilder& b, std::size_t c) { b.append_real(c, 0.5); }));
  EXPECT_EQ(rows_of(store().find_table("t"), "sum(n)"), (Rows{{1.5}}));
  append_widened("t", store_test::text("n", "seven"));
  EXPECT_EQ(rows_of(store().find_table("t"), "count(*)"), (Rows{{3}}));
  EXPECT_EQ(store().query("SELECT count(*) FROM " + quote_path(store().find_table("t").path) +
                          " WHERE n = 'seven'"),
            (Rows{{1}}));
}

TEST_P(StoreConformance, no_number_is_rounded_by_a_wider_type) {
  create_filled("t", store_test::integers("n", 9007199254740993, 1));
  append_widened(
      "t", store_test::one("n", [](BatchBuilder& b, std::size_t c) { b.append_real(c, 0.1); }));
  const TableShape table = store().find_table("t");
  EXPECT_EQ(rows_of(table, "CAST(n AS varchar(40))", "1"), (Rows{{"0.1"}, {"9007199254740993"}}));
  create_filled(
      "u", store_test::one("n", [](BatchBuilder& b, std::size_t c) { b.append_real(c, 0.1); }));
  append_widened("u", store_test::integers("n", 9007199254740993, 1));
  EXPECT_EQ(rows_of(store().find_table("u"), "CAST(n AS varchar(40))", "1"),
            (Rows{{"0.1"}, {"9007199254740993"}}));
}

TEST_P(StoreConformance, text_in_a_column_of_numbers_is_not_read_as_a_number) {
  create_filled("t", store_test::one(
                         "n", [](BatchBuilder& b, std::size_t c) { b.append_real(c, 0.1 + 0.2); }));
  append_widened("t", store_test::text("n", "007"));
  EXPECT_EQ(rows_of(store().find_table("t"), "CAST(n AS varchar(40))", "1"),
            (Rows{{"0.30000000000000004"}, {"007"}}));
}

TEST_P(StoreConformance, decimals_stay_exact_when_their_scale_grows) {
  const auto decimal = [](std::string_view text) {
    return store_test::one("x", [&](BatchBuilder& b, std::size_t c) { b.append_decimal(c, text); });
  };
  create_filled("t", decimal("1.5"));
  append_widened("t", decimal("-0.125"));
  append_widened("t", decimal("12345678901234567890123456789012345678"));
  std::vector<std::string> texts;
  for (const Row& row : rows_of(store().find_table("t"), "CAST(x AS varchar(60))")) {
    std::string text = *row.at(0).if_string();
    if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
    texts.push_back(text);
  }
  EXPECT_EQ(texts,
            (std::vector<std::string>{"1.5", "-0.125", "12345678901234567890123456789012345678"}));
}

TEST_P(StoreConformance, a_table_like_another_has_its_columns) {
  BatchBuilder builder;
  builder.append_integer(builder.column("a"), 1);
  builder.append_text(builder.column("b c"), "x");
  builder.append_real(builder.column("d"), 0.5);
  builder.end_row();
  const Batch batch = builder.finish();
  const TableShape table = create_filled("t", batch);
  const std::vector<std::size_t> columns{0, 2};
  for (const bool temporary : {false, true}) {
    SCOPED_TRACE(temporary);
    store().begin();
    const TableShape like = store().create_like(table, columns, "_vdk_like", temporary);
    ASSERT_EQ(like.columns.size(), 2U);
    EXPECT_EQ(like.columns[0].name, "a");
    EXPECT_EQ(like.columns[1].type, table.columns[2].type);
    BatchBuilder rows;
    for (std::int64_t i = 0; i < 5'000; ++i) {
      rows.append_integer(rows.column("a"), 5'000 - i);
      rows.append_null(rows.column("d"));
      rows.end_row();
    }
    const Batch some = rows.finish();
    store().append(like, all_columns(some), std::span(&some, 1));
    const Rows stored = rows_of(like, "a", store().traits().row_order);
    ASSERT_EQ(stored.size(), 5'000U);
    EXPECT_EQ(stored.front(), Row{5'000});
    EXPECT_EQ(stored.back(), Row{1});
    store().run("INSERT INTO " + quote_path(table.path) + " (a) SELECT a FROM " +
                quote_path(like.path));
    store().commit();
    EXPECT_EQ(store().read_table(like.path).exists(), !temporary);
    if (!temporary) store().run("DROP TABLE " + quote_path(like.path));
  }
  EXPECT_EQ(count(table), 10'001);
  store().begin();
  const TableShape lost = store().create_like(table, columns, "_vdk_lost", true);
  store().rollback();
  EXPECT_FALSE(store().read_table(lost.path).exists());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);

}  // namespace vdk
