// A database file for each test.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sqlite_connection.hpp"
#include "sqlite_store.hpp"

namespace vdk::sqlite {

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
  [[nodiscard]] std::unique_ptr<SqliteStore> store(milliseconds wait = milliseconds(0)) const {
    return std::make_unique<SqliteStore>(std::make_shared<Database>(api(), file_, wait));
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

}  // namespace vdk::sqlite
