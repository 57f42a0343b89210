// A database file for each test, and the engine's library.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "duckdb_connection.hpp"
#include "duckdb_store.hpp"

namespace vdk::duckdb {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

inline std::string library() {
  for (const char* path :
       {VDK_BUILD_DIR "/lib/vdk/libduckdb.so", VDK_SOURCE_DIR "/.deps/duckdb/libduckdb.so"}) {
    if (fs::exists(path)) {
      return path;
    }
  }
  return {};
}

inline Configuration configuration(std::string_view key = {}, Value value = {}) {
  ConfigurationBuilder builder;
  builder.add({.key = "duckdb_database", .default_value = ":memory:"});
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
  [[nodiscard]] std::unique_ptr<DuckdbStore> store(
      TypeMapping mapping = TypeMapping::native) const {
    return std::make_unique<DuckdbStore>(api(), place_, mapping);
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

}  // namespace vdk::duckdb
