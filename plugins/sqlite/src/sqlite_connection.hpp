// One SQLite connection, and the driver that runs SQL text on it.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite_library.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk::sqlite {

struct FinalizeStatement {
  const Api* api = nullptr;
  void operator()(sqlite3_stmt* statement) const noexcept { api->finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// The row that the statement stands on; blobs as hexadecimal text.
void read_row(const Api& api, sqlite3_stmt* statement, std::vector<Value>& row);

// An open database file. One thread at a time, but interrupt() from any.
class Database {
 public:
  // Creates the file where it is absent. Waits up to `busy_limit` for other users' locks. Throws
  // SqliteError.
  Database(const Api& api, const std::string& file, std::chrono::milliseconds busy_limit);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const Api& api() const noexcept { return api_; }
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(); }
  void clear_interrupt() noexcept { interrupted_.store(false); }

  // Throws what the database says of its last failure. `where` tells what was being done.
  [[noreturn]] void throw_error(std::string where, std::string consequence = {}) const;

 private:
  static int wait_for_lock(void* self, int attempts) noexcept;

  const Api& api_;
  std::string file_;
  sqlite3* handle_ = nullptr;
  std::chrono::milliseconds busy_limit_;
  std::chrono::steady_clock::time_point busy_since_;
  std::atomic<bool> interrupted_{false};
};

// What SQLite's parser refuses whatever tables there are; asked of an empty database in memory.
// Throws SqliteError with the place, or Error (configuration) where the library cannot be loaded.
void check_syntax(const Configuration& configuration, std::string_view sql);

class SqliteConnection : public DriverConnection {
 public:
  explicit SqliteConnection(std::shared_ptr<Database> database);
  ~SqliteConnection() override;

  // Runs statement after statement as SQLite's own parser finds them, each in auto-commit.
  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  [[nodiscard]] LiteralStyle literal_style() const noexcept override {
    return LiteralStyle::standard;
  }
  [[nodiscard]] bool is_connected() override { return true; }
  void interrupt() noexcept override { database_->interrupt(); }
  [[nodiscard]] std::string description() const override {
    return "SQLite database " + database_->file();
  }

 private:
  std::shared_ptr<Database> database_;  // shared with the result stream
};

[[nodiscard]] std::chrono::milliseconds busy_limit(const Configuration& configuration,
                                                   std::string_view section);
// `sqlite_file` of the section. Throws Error (configuration) where it is empty.
[[nodiscard]] std::string database_file(const Configuration& configuration,
                                        std::string_view section);

[[nodiscard]] std::unique_ptr<DriverConnection> open_connection(const Configuration& configuration,
                                                                std::string_view section);

}  // namespace vdk::sqlite
