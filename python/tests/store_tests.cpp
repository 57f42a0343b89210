// The conformance of the stores that reach their engines through Python's modules, as a module of
// the interpreter: run(["--gtest_filter=..."]) gives the exit code.
#include <filesystem>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "duckdb_module_store.hpp"
#include "sqlite_module_store.hpp"
#include "store_conformance.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;
using store_test::load;
using store_test::one;

class FileDatabase : public StoreDatabase {
 public:
  FileDatabase() {
    std::string name = fs::temp_directory_path() / "vdk-store-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~FileDatabase() override { fs::remove_all(directory_); }

 protected:
  [[nodiscard]] std::string file() const { return directory_ / "test.db"; }

 private:
  fs::path directory_;
};

class SqliteFile final : public FileDatabase {
 public:
  std::unique_ptr<TableStore> open() override {
    return std::make_unique<SqliteModuleStore>(file(), 0);
  }
  std::unique_ptr<TableStore> open_patient() override {
    return std::make_unique<SqliteModuleStore>(file(), 30);
  }
};

class DuckdbFile final : public FileDatabase {
 public:
  std::unique_ptr<TableStore> open() override {
    return std::make_unique<DuckdbModuleStore>(file(), R"({"TimeZone": "UTC", "threads": 2})",
                                               duckdb::TypeMapping::native);
  }
};

const StoreQuirks kSqlite{
    .name = "sqlite_module",
    .create = [] { return std::make_unique<SqliteFile>(); },
    .writers = Writers::one_at_a_time,
    .typed_columns = false,
    .names_rows = true,
    .reads = {{ColumnType::boolean, 1}, {ColumnType::timestamp_tz, "2023-12-31 23:59:59+00:00"}}};

const StoreQuirks kDuckdb{.name = "duckdb_module",
                          .create = [] { return std::make_unique<DuckdbFile>(); },
                          .writers = Writers::optimistic,
                          .default_where_unlisted = true};

INSTANTIATE_TEST_SUITE_P(python, StoreConformance, testing::Values(kSqlite, kDuckdb), store_name);

TEST(SqliteModuleStore, every_row_of_the_first_kind_is_named_and_no_other) {
  SqliteFile file;
  const auto store = file.open();
  store->run("create table t (n integer check (n % 10 <> 3) check (n <> 7))");
  try {
    load(*store, "t", store_test::integers("n", 0, 30));
    FAIL();
  } catch (const RowsRefused& refused) {
    EXPECT_EQ(refused.reason(), "check");
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{3, 7, 13, 23}));
  }
  store->run("create table r (n integer not null on conflict rollback)");
  EXPECT_THROW(load(*store, "r", one("n", [](auto& b, auto c) { b.append_null(c); })), RowsRefused);
  load(*store, "r", store_test::integers("n", 1, 1));
}

TEST(SqliteModuleStore, doubles_in_columns_of_text_are_not_rounded) {
  SqliteFile file;
  const auto store = file.open();
  store->run("create table t (n text)");
  for (const double value : {0.1, 0.1 + 0.2}) {
    load(*store, "t", one("n", [&](auto& b, auto c) { b.append_real(c, value); }));
  }
  EXPECT_EQ(store->query("select n from t"), (store_test::Rows{{"0.1"}, {"0.30000000000000004"}}));
}

TEST(DuckdbModuleStore, text_that_is_not_utf8_is_refused_with_its_rows) {
  DuckdbFile file;
  const auto store = file.open();
  // Each text is broken, and they are whole together.
  const Column bad{
      .field = {"t", ColumnType::text}, .offsets = {0, 1, 2, 3}, .values = {'a', 0xc3, 0xa9}};
  store->run("create table t (t varchar)");
  try {
    load(*store, "t", Batch({bad}, 3));
    FAIL();
  } catch (const RowsRefused& refused) {
    EXPECT_EQ(refused.reason(), "not_utf8");
    EXPECT_EQ(refused.rows(), (std::vector<std::size_t>{1, 2}));
  }
  load(*store, "t", store_test::text("t", "é"));
}

// An interpreter without the module duckdb runs the tests of SQLite alone.
bool has_duckdb() {
  return !nb::module_::import_("importlib.util").attr("find_spec")("duckdb").is_none();
}

int run(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"store_tests"};
  if (!has_duckdb()) words.emplace_back("--gtest_filter=-*duckdb*:Duckdb*");
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  testing::InitGoogleTest(&count, pointers.data());
  const nb::gil_scoped_release unlocked;
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace vdk

NB_MODULE(_store_tests, module) {
  (void)vdk::nb::module_::import_("vdk._native");  // its classes are those of the stores
  module.def("run", vdk::run);
}
