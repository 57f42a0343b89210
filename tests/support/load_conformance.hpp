// The rules of loads into tables (make_table_sink), tested on a real engine: the same for every
// one. The test binary of a plugin includes this beside store_conformance.hpp and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(sqlite, LoadConformance, testing::Values(quirks), store_name);
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ingest/ingester.hpp"
#include "store_conformance.hpp"
#include "vdk/base/error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

// A store whose connection breaks: all it does reaches the engine until commits_left is 0; that
// commit succeeds, and nobody is told.
class BreakingStore final : public TableStore {
 public:
  BreakingStore(std::unique_ptr<TableStore> store, int& commits_left)
      : store_(std::move(store)), commits_left_(commits_left) {}

  [[nodiscard]] const StoreTraits& traits() const noexcept override { return store_->traits(); }
  [[nodiscard]] std::string place() const override { return store_->place(); }
  void begin() override { alive().begin(); }
  void commit() override {
    alive().commit();
    is_broken_ = --commits_left_ == 0;
    (void)alive();
  }
  void rollback() noexcept override { store_->rollback(); }
  void run(const std::string& sql) override { alive().run(sql); }
  std::vector<std::vector<Value>> query(const std::string& sql) override {
    return alive().query(sql);
  }
  TableShape find_table(std::string_view name) override { return alive().find_table(name); }
  TableShape read_table(const std::vector<std::string>& path) override {
    return alive().read_table(path);
  }
  [[nodiscard]] std::string fold(std::string_view name) const override {
    return store_->fold(name);
  }
  [[nodiscard]] std::string new_column_name(std::string_view name) const override {
    return store_->new_column_name(name);
  }
  void lock_definition(const TableShape& table) override { alive().lock_definition(table); }
  std::string column_type(const Column& column, std::size_t rows) override {
    return alive().column_type(column, rows);
  }
  std::string wider_type(const TableColumn& known, bool is_empty, const Column& column,
                         std::size_t rows) override {
    return alive().wider_type(known, is_empty, column, rows);
  }
  void change_type(const TableShape& table, const TableColumn& column,
                   const std::string& type) override {
    alive().change_type(table, column, type);
  }
  TableShape create_like(const TableShape& table, std::span<const std::size_t> columns,
                         const std::string& name, bool temporary) override {
    return alive().create_like(table, columns, name, temporary);
  }
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override {
    alive().append(table, into, batches);
  }

 private:
  TableStore& alive() {
    if (is_broken_) throw ConnectionLost({.what = "The connection broke."});
    return *store_;
  }

  std::unique_ptr<TableStore> store_;
  int& commits_left_;
  bool is_broken_ = false;
};

class LoadConformance : public testing::TestWithParam<StoreQuirks> {
 protected:
  using Row = store_test::Row;
  using Rows = store_test::Rows;

  LoadConformance() : database_(GetParam().create()) {}

  // A sink for the table "t" with a load of the step begun.
  std::unique_ptr<Sink> sink(const LoadOptions& options = {},
                             const std::map<std::string, Value>& settings = {},
                             const std::string& table = "t") {
    ConfigurationBuilder builder;
    declare_ingest_options(builder);
    for (const auto& [key, value] : settings)
      builder.set(key, value, {OriginKind::command_line, "-c"});
    configurations_.push_back(std::make_unique<Configuration>(builder.build()));
    if (!factory_) {
      factory_ = make_table_sink([this](const Configuration&, std::string_view, std::string_view) {
        return database_->open_patient();
      });
    }
    const Destination destination{"test", "", table, ""};
    auto made = factory_(*configurations_.back(), kMainSection, destination);
    load_ = {.execution = "x", .step = "10.py", .destination = destination, .options = options};
    made->begin_load(load_);
    return made;
  }

  // Writes a batch as the next one of the load.
  WriteResult write(Sink& sink, const Batch& batch) {
    position_.rows += static_cast<std::int64_t>(batch.rows());
    ++position_.digest;
    return sink.write(std::span(&batch, 1), position_);
  }

  // A sink that resumes the load, and what is there of it.
  std::pair<std::unique_ptr<Sink>, LoadPosition> resumed() {
    auto made = sink(load_.options);
    load_.resume = true;
    const LoadPosition found = made->begin_load(load_);
    return {std::move(made), found};
  }

  Rows query(const std::string& sql) { return database_->open()->query(sql); }
  void run(const std::string& sql) { database_->open()->run(sql); }
  std::int64_t count(const std::string& table = "t") {
    return *query("SELECT count(*) FROM " + table).at(0).at(0).if_integer();
  }

  // Rows of id and name.
  static Batch people(const std::vector<std::pair<std::int64_t, std::string>>& rows) {
    BatchBuilder builder;
    for (const auto& [id, name] : rows) {
      builder.append_integer(builder.column("id"), id);
      builder.append_text(builder.column("name"), name);
      builder.end_row();
    }
    return builder.finish();
  }
  static Rows rows_of(const std::vector<std::pair<std::int64_t, std::string>>& rows) {
    Rows values;
    for (const auto& [id, name] : rows) values.push_back({Value(id), Value(name)});
    return values;
  }

  std::unique_ptr<StoreDatabase> database_;
  std::vector<std::unique_ptr<Configuration>> configurations_;  // sinks refer to them
  SinkFactory factory_;
  Load load_;
  LoadPosition position_;
};

TEST_P(LoadConformance, a_missing_table_is_made_and_filled) {
  const auto to = sink();
  EXPECT_EQ(write(*to, people({{1, "a"}, {2, "b"}})).rows_stored, 2);
  EXPECT_EQ(write(*to, people({{3, "c"}})).rows_stored, 1);
  EXPECT_EQ(query("SELECT id, name FROM t ORDER BY id"), rows_of({{1, "a"}, {2, "b"}, {3, "c"}}));
  EXPECT_EQ(to->delivery(), Delivery::exactly_once);
}

TEST_P(LoadConformance, the_position_is_committed_with_the_rows_and_found_again) {
  write(*sink(), people({{1, "a"}, {2, "b"}}));
  const auto [again, found] = resumed();
  EXPECT_EQ(found, (LoadPosition{.rows = 2, .digest = 1}));
  write(*again, people({{3, "c"}}));
  EXPECT_EQ(resumed().second, (LoadPosition{.rows = 3, .digest = 2}));
  load_.step = "20.py";
  EXPECT_EQ(
      sink()->begin_load(
          {.execution = "x", .step = "20.py", .destination = load_.destination, .resume = true}),
      LoadPosition{});
}

TEST_P(LoadConformance, an_attempt_that_is_not_resumed_starts_anew) {
  write(*sink(), people({{1, "a"}}));
  position_ = {};
  const auto again = sink();
  write(*again, people({{1, "a"}, {2, "b"}}));
  EXPECT_EQ(resumed().second.rows, 2);
  EXPECT_EQ(count(), 3);
}

TEST_P(LoadConformance, a_commit_whose_answer_is_lost_is_not_repeated) {
  // Some engines commit the table and the ledger before the first rows.
  const int first = database_->open()->traits().ddl_joins_rows ? 1 : 2;
  for (const int commits : {first, first + 1}) {
    SCOPED_TRACE(commits);
    int commits_left = commits;
    int refusals = 3;  // of those that would connect again
    factory_ = make_table_sink([&](const Configuration&, std::string_view, std::string_view) {
      if (commits_left == 0 && refusals-- > 0) throw ConnectionLost({.what = "Nobody is there."});
      return std::make_unique<BreakingStore>(database_->open_patient(), commits_left);
    });
    position_ = {};
    const auto to = sink({}, {}, "t" + std::to_string(commits));
    EXPECT_EQ(write(*to, people({{1, "a"}, {2, "b"}})).rows_stored, 2);
    EXPECT_EQ(write(*to, people({{3, "c"}})).rows_stored, 1);
    EXPECT_EQ(count("t" + std::to_string(commits)), 3);
    EXPECT_LT(refusals, 0);
  }
}

TEST_P(LoadConformance, an_attempt_whose_rows_come_after_it_was_resumed_is_noticed) {
  const auto zombie = sink();
  const auto [heir, found] = resumed();
  EXPECT_EQ(found, LoadPosition{});
  position_.rows = 1;
  write(*zombie, people({{1, "a"}}));
  EXPECT_THROW(heir->write(std::vector{people({{1, "a"}, {2, "b"}})}, position_), Error);
  EXPECT_EQ(count(), 1);
}

TEST_P(LoadConformance, an_attempt_that_was_taken_for_dead_is_stopped) {
  const auto zombie = sink();
  write(*zombie, people({{1, "a"}}));
  const auto heir = resumed().first;
  write(*heir, people({{2, "b"}}));
  EXPECT_THROW(zombie->write(std::vector{people({{2, "b"}})}, position_), Error);
  EXPECT_EQ(count(), 2);
}

TEST_P(LoadConformance, own_tables_grow_with_the_rows) {
  const auto to = sink();
  write(*to, people({{1, "a"}}));
  write(*to, store_test::integers("number", 7, 1));
  EXPECT_EQ(query("SELECT id, name, number FROM t ORDER BY id IS NULL, id"),
            (Rows{{1, "a", nullptr}, {nullptr, nullptr, 7}}));
  // Another run knows the table for one that a load made.
  const auto later = sink();
  write(*later, store_test::text("more", "x"));
  EXPECT_EQ(query("SELECT more FROM t WHERE more IS NOT NULL"), (Rows{{"x"}}));
}

TEST_P(LoadConformance, tables_of_others_keep_their_columns) {
  run("CREATE TABLE t (id BIGINT, name VARCHAR(20))");
  const auto to = sink();
  BatchBuilder builder;
  builder.append_integer(builder.column("id"), 1);
  builder.end_row();
  builder.append_integer(builder.column("id"), 2);
  builder.append_text(builder.column("extra"), "x");
  builder.end_row();
  const WriteResult result = write(*to, builder.finish());
  const bool drops = database_->open()->traits().unknown_columns != UnknownColumns::refuse;
  EXPECT_EQ(result.rows_stored, drops ? 2 : 1);
  const auto& told = drops ? result.discarded : result.rejected;
  ASSERT_EQ(told.size(), std::size_t{1});
  EXPECT_EQ(told[0].reason, "unknown_column");
  EXPECT_EQ(told[0].column, "extra");
  EXPECT_EQ(told[0].first_row, 2);
  EXPECT_EQ(query("SELECT * FROM t").at(0).size(), std::size_t{2});
}

TEST_P(LoadConformance, a_contract_decides_what_happens_to_unknown_columns) {
  run("CREATE TABLE t (id BIGINT, name VARCHAR(20))");
  BatchBuilder builder;
  builder.append_integer(builder.column("id"), 1);
  builder.append_text(builder.column("extra"), "x");
  builder.end_row();
  builder.append_integer(builder.column("id"), 2);
  builder.end_row();
  const Batch batch = builder.finish();
  const auto stored = [&](Contract contract) {
    run("DELETE FROM t");
    const auto to = sink({.contract = contract});
    const WriteResult result = write(*to, batch);
    EXPECT_EQ(result.rows_rejected(), contract == Contract::freeze ? 1 : 0);
    EXPECT_EQ(result.discarded.size(), std::size_t{contract == Contract::discard_row ||
                                                   contract == Contract::discard_value});
    return count();
  };
  EXPECT_EQ(stored(Contract::freeze), 1);
  EXPECT_EQ(stored(Contract::discard_row), 1);
  EXPECT_EQ(stored(Contract::discard_value), 2);
  EXPECT_EQ(stored(Contract::evolve), 2);
  EXPECT_EQ(query("SELECT extra FROM t WHERE id = 1"), (Rows{{"x"}})) << "asked for, so it evolved";
}

TEST_P(LoadConformance, a_contract_decides_what_happens_to_values_of_another_type) {
  run("CREATE TABLE t (id BIGINT)");
  BatchBuilder builder;
  for (const std::string_view value : {"1", "x", "3"}) {
    builder.append_text(builder.column("id"), value);
    builder.end_row();
  }
  const Batch batch = builder.finish();
  const auto stored = [&](Contract contract) {
    run("DELETE FROM t");
    const WriteResult result = write(*sink({.contract = contract}), batch);
    for (const auto& told : {result.rejected, result.discarded}) {
      if (!told.empty()) {
        EXPECT_EQ(told[0].reason, "wrong_type");
        EXPECT_EQ(told[0].rows, 1);
      }
    }
    return query("SELECT id FROM t ORDER BY id IS NULL, id");
  };
  EXPECT_EQ(stored(Contract::freeze), (Rows{{1}, {3}}));
  EXPECT_EQ(stored(Contract::discard_row), (Rows{{1}, {3}}));
  EXPECT_EQ(stored(Contract::discard_value), (Rows{{1}, {3}, {nullptr}}));
}

TEST_P(LoadConformance, refused_rows_are_found_and_all_others_stored) {
  run("CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20))");
  const auto to = sink();
  BatchBuilder builder;
  for (std::int64_t i = 1; i <= 100; ++i) {
    if (i == 17 || i == 80) {
      builder.append_null(builder.column("id"));
    } else {
      builder.append_integer(builder.column("id"), i);
    }
    builder.end_row();
  }
  const WriteResult result = write(*to, builder.finish());
  EXPECT_EQ(result.rows_stored, 98);
  EXPECT_EQ(result.rows_rejected(), 2);
  ASSERT_FALSE(result.rejected.empty());
  EXPECT_EQ(result.rejected[0].reason, "not_null");
  EXPECT_EQ(result.rejected[0].first_row, 17);
  EXPECT_EQ(count(), 98);
  const auto [later, found] = resumed();
  EXPECT_EQ(found, (LoadPosition{.rows = 100, .digest = 1, .rejected = 2}));
  write(*later, store_test::integers("id", 101, 1));
  EXPECT_EQ(count(), 99) << "a refused row does no harm to later batches";
}

TEST_P(LoadConformance, a_replacing_load_shows_at_its_end) {
  run("CREATE TABLE t (id BIGINT, name VARCHAR(20))");
  run("INSERT INTO t VALUES (1, 'old')");
  run("CREATE VIEW v AS SELECT id, name FROM t");
  const auto to = sink({.disposition = Disposition::replace});
  write(*to, people({{2, "new"}}));
  write(*to, people({{3, "new"}}));
  EXPECT_EQ(query("SELECT id, name FROM t"), rows_of({{1, "old"}}));
  to->end_load();
  EXPECT_EQ(query("SELECT id, name FROM v ORDER BY id"), rows_of({{2, "new"}, {3, "new"}}))
      << "views, grants and indexes of the table survive";
  to->end_load();  // a repeated end changes nothing
  EXPECT_EQ(count(), 2);
}

TEST_P(LoadConformance, a_swap_whose_answer_is_lost_is_not_repeated) {
  run("CREATE TABLE t (id BIGINT, name VARCHAR(20))");
  run("INSERT INTO t VALUES (1, 'old')");
  int commits_left = 1000;
  int refusals = 3;  // of those that would connect again
  factory_ = make_table_sink([&](const Configuration&, std::string_view, std::string_view) {
    if (commits_left == 0 && refusals-- > 0) throw ConnectionLost({.what = "Nobody is there."});
    return std::make_unique<BreakingStore>(database_->open_patient(), commits_left);
  });
  const auto to = sink({.disposition = Disposition::replace});
  write(*to, people({{2, "new"}}));
  commits_left = 1;
  to->end_load();
  EXPECT_EQ(query("SELECT id, name FROM t"), rows_of({{2, "new"}}));
  EXPECT_LT(refusals, 0);
}

TEST_P(LoadConformance, a_replacing_load_that_is_not_ended_leaves_the_table_alone) {
  write(*sink(), people({{1, "old"}}));
  position_ = {};
  write(*sink({.disposition = Disposition::replace}), people({{2, "lost"}}));
  EXPECT_EQ(query("SELECT id, name FROM t"), rows_of({{1, "old"}}));
  position_ = {};
  const auto again = sink({.disposition = Disposition::replace});
  write(*again, people({{3, "new"}}));
  again->end_load();
  EXPECT_EQ(query("SELECT id, name FROM t"), rows_of({{3, "new"}}));
}

TEST_P(LoadConformance, merging_updates_by_keys_and_the_last_row_wins) {
  const LoadOptions options{.disposition = Disposition::merge, .keys = {"id"}};
  const auto to = sink(options);
  write(*to, people({{1, "a"}, {2, "b"}, {1, "c"}}));
  write(*to, people({{2, "d"}, {3, "e"}}));
  EXPECT_EQ(query("SELECT id, name FROM t ORDER BY id"), rows_of({{1, "c"}, {2, "d"}, {3, "e"}}));
  // Columns that the rows do not have stay as they are.
  write(*to, store_test::integers("id", 3, 2));
  EXPECT_EQ(query("SELECT id, name FROM t WHERE id >= 3 ORDER BY id"),
            (Rows{{3, "e"}, {4, nullptr}}));
}

TEST_P(LoadConformance, merging_deletes_by_flag_and_refuses_rows_without_keys) {
  write(*sink(), people({{1, "a"}, {2, "b"}}));
  position_ = {};
  const auto to = sink({.disposition = Disposition::merge, .keys = {"id"}, .delete_flag = "gone"});
  BatchBuilder builder;
  const auto row = [&](std::optional<std::int64_t> id, std::string_view name, bool gone) {
    if (id) builder.append_integer(builder.column("id"), *id);
    builder.append_text(builder.column("name"), name);
    builder.append_boolean(builder.column("gone"), gone);
    builder.end_row();
  };
  row(1, "", true);
  row(2, "c", false);
  row(3, "", true);
  row(4, "d", true);
  row(4, "e", false);
  row(std::nullopt, "f", false);
  const WriteResult result = write(*to, builder.finish());
  EXPECT_EQ(query("SELECT * FROM t ORDER BY 1"), rows_of({{2, "c"}, {4, "e"}}));
  ASSERT_EQ(result.rejected.size(), std::size_t{1});
  EXPECT_EQ(result.rejected[0].reason, "null_key");
}

TEST_P(LoadConformance, merging_by_several_keys) {
  const auto to = sink({.disposition = Disposition::merge, .keys = {"id", "name"}});
  write(*to, people({{1, "a"}, {1, "b"}, {1, "a"}}));
  write(*to, people({{1, "b"}, {2, "b"}}));
  EXPECT_EQ(query("SELECT id, name FROM t ORDER BY id, name"),
            rows_of({{1, "a"}, {1, "b"}, {2, "b"}}));
}

TEST_P(LoadConformance, names_that_differ_by_case_alone_are_one_column) {
  const auto to = sink();
  write(*to, store_test::integers("value", 1, 1));
  BatchBuilder builder;
  builder.append_integer(builder.column("VALUE"), 2);
  builder.end_row();
  builder.append_integer(builder.column("value"), 3);
  builder.end_row();
  builder.append_integer(builder.column("VALUE"), 4);
  builder.append_integer(builder.column("value"), 5);
  builder.end_row();
  const WriteResult result = write(*to, builder.finish());
  EXPECT_EQ(query("SELECT value FROM t ORDER BY value"), (Rows{{1}, {2}, {3}}));
  ASSERT_EQ(result.rejected.size(), std::size_t{1});
  EXPECT_EQ(result.rejected[0].reason, "duplicate_column");
}

TEST_P(LoadConformance, tables_are_not_made_where_that_is_forbidden) {
  const auto to = sink({}, {{"ingest_create_tables", false}});
  try {
    write(*to, people({{1, "a"}}));
    FAIL() << "the table was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_NE(error.text().why.find("does not exist"), std::string::npos) << error.text().why;
  }
  EXPECT_FALSE(database_->open()->find_table("t").exists());
}

TEST_P(LoadConformance, without_a_ledger_delivery_is_at_least_once) {
  const auto to = sink({}, {{"ingest_ledger", "off"}});
  write(*to, people({{1, "a"}}));
  EXPECT_EQ(to->delivery(), Delivery::at_least_once);
  EXPECT_FALSE(database_->open()->find_table("_vdk_loads").exists());
  EXPECT_EQ(count(), 1);
}

TEST_P(LoadConformance, rejected_rows_are_kept_where_somebody_wants_them) {
  run("CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20))");
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / ("letters-" + GetParam().name);
  std::filesystem::remove_all(directory);
  const auto to = sink({}, {{"ingest_dead_letter", directory.string()}});
  write(*to, people({{1, "a"}}));
  write(*to, store_test::text("name", "no id"));
  std::ifstream file(directory / "t.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const Value letter = parse_json(line);
  EXPECT_EQ(*letter.find("reason")->if_string(), "not_null");
  EXPECT_EQ(*letter.find("values")->find("name")->if_string(), "no id");
  EXPECT_EQ(*letter.find("row")->if_integer(), 2);
  EXPECT_FALSE(std::getline(file, line));
  std::filesystem::remove_all(directory);
}

// ---- poison: stored exactly or refused with one reason, and harmless to its neighbours ----------

class PoisonConformance : public LoadConformance {
 protected:
  using Append = void (BatchBuilder::*)(std::size_t, std::string_view);

  // Sends the values between two good ones and expects all of them stored, or all poison refused.
  // A load of its own, into the column of its own table.
  void send(Append append, const std::vector<std::string>& poison, bool is_held,
            std::string_view reason = {}) {
    const std::string table = "t" + std::to_string(++tables_);
    position_ = {};
    const auto to = sink({}, {}, table);
    BatchBuilder builder;
    const auto add = [&](std::string_view value) {
      (builder.*append)(builder.column("v"), value);
      builder.end_row();
    };
    add("1");
    for (const std::string& value : poison) add(value);
    add("2");
    const WriteResult result = write(*to, builder.finish());
    const auto rows = static_cast<std::int64_t>(poison.size());
    EXPECT_EQ(result.rows_stored, is_held ? rows + 2 : 2);
    EXPECT_EQ(result.rows_rejected(), is_held ? 0 : rows);
    for (const Rejection& rejection : result.rejected) {
      EXPECT_EQ(rejection.reason, reason) << rejection.message;
      EXPECT_EQ(rejection.first_row, 2);
    }
    const Rows found = query("SELECT v FROM " + table);
    ASSERT_EQ(found.size(), static_cast<std::size_t>(result.rows_stored));
    EXPECT_EQ(text_of(found.front()[0]), "1");
    EXPECT_EQ(text_of(found.back()[0]), "2");
    for (std::size_t i = 0; is_held && i < poison.size(); ++i) {
      EXPECT_EQ(text_of(found[i + 1][0]), poison[i]);
    }
  }

  // A row of so many columns, and one of a few.
  WriteResult send_wide(std::size_t columns) {
    position_ = {};
    BatchBuilder builder;
    for (const std::size_t width : {columns, std::size_t{3}}) {
      for (std::size_t i = 0; i < width; ++i) {
        builder.append_boolean(builder.column("c" + std::to_string(i)), true);
      }
      builder.end_row();
    }
    return write(*sink({}, {}, "w" + std::to_string(columns)), builder.finish());
  }

  static std::string text_of(const Value& value) {
    return value.if_string() ? *value.if_string() : to_json(value);
  }

  [[nodiscard]] StoreTraits traits() { return database_->open()->traits(); }

 private:
  int tables_ = 0;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PoisonConformance);

TEST_P(PoisonConformance, text_is_stored_exactly_or_refused) {
  send(&BatchBuilder::append_text, {std::string("a\0b", 3), std::string(1, '\0')},
       traits().holds_nul_in_text, "nul_byte");
  // A lone surrogate as it is spelt in bytes, and bytes that are no text at all.
  send(&BatchBuilder::append_text, {"\xed\xa0\x80", "\xff", "a\xc3"}, GetParam().holds_any_bytes,
       "not_utf8");
  send(&BatchBuilder::append_text, {"\xf0\x9f\x98\x80", "\xef\xbf\xbf", "", "\\N", "\\.", "\t"},
       true);
}

TEST_P(PoisonConformance, nesting_is_stored_exactly_or_refused) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  send(&BatchBuilder::append_json, {nested(1'000)}, true);
  send(&BatchBuilder::append_json, {nested(100'000)}, GetParam().holds_any_depth, "too_large");
  send(&BatchBuilder::append_json, {R"("a\u0000b")"}, traits().holds_nul_in_text, "nul_byte");
}

TEST_P(PoisonConformance, numbers_that_are_none_or_too_large_are_stored_exactly) {
  send(&BatchBuilder::append_json, {"9223372036854775808", "-9223372036854775809"}, true);
  send(&BatchBuilder::append_decimal, {"9223372036854775808", std::string(60, '9')}, true);
  const auto to = sink({}, {}, "reals");
  position_ = {};
  BatchBuilder builder;
  for (const double value : {1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    builder.append_real(builder.column("v"), value);
    builder.end_row();
  }
  EXPECT_EQ(write(*to, builder.finish()).rows_stored, 3);
  const Rows rows = query("SELECT v FROM reals");
  EXPECT_EQ(*rows.at(1)[0].if_real(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(rows.at(2)[0].is_null(), !traits().holds_nan);
}

TEST_P(PoisonConformance, a_type_that_comes_later_is_taken_or_refused_by_row) {
  const auto to = sink();
  write(*to, store_test::integers("v", 1, 1));
  BatchBuilder builder;
  for (const std::string_view value : {"2", "9223372036854775808", "3"}) {
    builder.append_json(builder.column("v"), value);
    builder.end_row();
  }
  const WriteResult result = write(*to, builder.finish());
  const bool widens = !traits().rewrites_when_widening;
  EXPECT_EQ(result.rows_stored, widens ? 3 : 2);
  if (!widens) {
    EXPECT_EQ(result.rejected.at(0).reason, "out_of_range");
    EXPECT_EQ(result.rejected.at(0).first_row, 3);
  }
  EXPECT_EQ(count(), widens ? 4 : 3);
}

TEST_P(PoisonConformance, values_of_all_types_in_one_column_keep_what_they_say) {
  BatchBuilder builder;
  const auto column = builder.column("v");
  builder.append_integer(column, 1);
  builder.end_row();
  builder.append_text(column, "x");
  builder.end_row();
  builder.append_real(column, 1.5);
  builder.end_row();
  builder.append_json(column, "[1]");
  builder.end_row();
  write(*sink(), builder.finish());
  EXPECT_EQ(query("SELECT v FROM t"), (Rows{{"1"}, {"x"}, {"1.5"}, {"[1]"}}));
}

TEST_P(PoisonConformance, rows_of_too_many_columns_are_refused_and_others_stored) {
  const std::size_t most = traits().most_columns;
  EXPECT_EQ(send_wide(1'600).rows_stored, 2);
  const WriteResult result = send_wide(10'000);
  EXPECT_EQ(result.rows_stored, most == 0 ? 2 : 1);
  if (most == 0) return;
  ASSERT_EQ(result.rejected.size(), std::size_t{1});
  EXPECT_EQ(result.rejected[0].reason, "unknown_column");
  EXPECT_EQ(result.rejected[0].column, "c" + std::to_string(most));
  EXPECT_LT(result.rejected[0].message.size(), std::size_t{1'000}) << "nobody reads all names";
}

TEST_P(PoisonConformance, a_row_that_no_page_holds_is_refused_and_others_stored) {
  BatchBuilder builder;
  for (const std::size_t width : {std::size_t{1'500}, std::size_t{3}}) {
    for (std::size_t i = 0; i < width; ++i) {
      builder.append_integer(builder.column("c" + std::to_string(i)), std::int64_t{1} << 40U);
    }
    builder.end_row();
  }
  const WriteResult result = write(*sink(), builder.finish());
  EXPECT_EQ(result.rows_stored, GetParam().holds_any_row ? 2 : 1);
  for (const Rejection& rejection : result.rejected) EXPECT_EQ(rejection.reason, "too_large");
}

TEST_P(PoisonConformance, columns_of_any_name_are_stored_or_refused) {
  const auto to = sink();
  write(*to, people({{1, "a"}}));
  const auto result_of = [&](const std::string& name) {
    return write(*to, store_test::text(name, "x"));
  };
  for (const std::string name : {"we\"ird", "a.b", "it's", " ", "select", "ž", "; drop table t"}) {
    EXPECT_EQ(result_of(name).rows_stored, 1) << name;
  }
  const auto expect_refused = [&](const std::string& name, bool is_held) {
    const WriteResult result = result_of(name);
    EXPECT_EQ(result.rows_stored, is_held ? 1 : 0);
    if (!is_held) {
      EXPECT_EQ(result.rejected.at(0).reason, "unknown_column");
    }
  };
  expect_refused("", traits().holds_empty_names);
  expect_refused(std::string(300, 'n'), traits().longest_name == 0);
  expect_refused(std::string("a\0b", 3), false);
  EXPECT_EQ(query("SELECT name FROM t WHERE id = 1"), (Rows{{"a"}}));
}

TEST_P(PoisonConformance, batches_without_rows_leave_nothing) {
  const auto to = sink();
  EXPECT_EQ(write(*to, store_test::integers("v", 1, 1)).rows_stored, 1);
  EXPECT_EQ(write(*to, store_test::integers("v", 1, 0)).rows_stored, 0);
  EXPECT_EQ(write(*to, Batch()).rows_stored, 0);
  EXPECT_EQ(count(), 1);
}

TEST_P(LoadConformance, loads_that_make_and_change_one_table_at_once_all_end_well) {
  constexpr int kLoads = 4;
  constexpr std::int64_t kBatches = 5;
  std::vector<std::unique_ptr<Sink>> sinks;
  for (int i = 0; i < kLoads; ++i) {
    sinks.push_back(sink());
    Load own = load_;
    own.step = std::to_string(i);
    sinks.back()->begin_load(own);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kLoads; ++i) {
    threads.emplace_back([&, i] {
      LoadPosition position;
      for (std::int64_t batch = 0; batch < kBatches; ++batch) {
        BatchBuilder builder;
        builder.append_integer(builder.column("id"), batch);
        builder.append_integer(builder.column("c" + std::to_string(i)), batch);
        builder.end_row();
        ++position.rows;
        const Batch rows = builder.finish();
        try {
          sinks[static_cast<std::size_t>(i)]->write(std::span(&rows, 1), position);
        } catch (const Error& error) {
          ADD_FAILURE() << error.what();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(), kLoads * kBatches);
  EXPECT_EQ(query("SELECT count(c0), count(c1), count(c2), count(c3) FROM t"),
            (Rows{{kBatches, kBatches, kBatches, kBatches}}));
}

}  // namespace vdk
