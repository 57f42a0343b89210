// DuckDB's engines, one per file in this process, connections to them, and the driver.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "duckdb_library.hpp"
#include "duckdb_values.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk::duckdb {

// Where the data is and how its engine is configured.
struct Place {
  std::string path;  // ":memory:" is one database in memory, shared like a file
  std::map<std::string, std::string> settings{};
  bool is_private = false;  // in memory: not shared with anybody
};
// Throws Error (configuration) where duckdb_configuration_dictionary is no JSON object.
[[nodiscard]] Place configured_place(const Configuration& configuration);

// A connection of its own to the engine of a place. Everybody in this process who names the same
// file shares one engine: two on one file would lose each other's rows without an error. The engine
// closes with its last connection; its settings are those of who opened it first. One thread at a
// time, but interrupt() from any.
class Connection {
 public:
  // Throws Error (configuration) where the file cannot be opened.
  Connection(const Api& api, const Place& place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const Api& api() const noexcept { return api_; }
  [[nodiscard]] ConnectionHandle handle() const noexcept { return handle_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Runs a statement of our own and returns its rows. Throws DuckdbError.
  std::vector<std::vector<Value>> query(const std::string& sql);

  // Runs a long statement of our own, which has no rows. While the engine's threads do all there is
  // to do, this one sleeps: query() would keep a processor busy with asking. Throws DuckdbError.
  void work_off(const std::string& sql);

  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(); }
  void clear_interrupt() noexcept { interrupted_.store(false); }

 private:
  class Engines;

  const Api& api_;
  std::string path_;
  std::string key_;
  ConnectionHandle handle_ = nullptr;
  std::atomic<bool> interrupted_{false};
};

// What DuckDB's parser refuses; asked of an engine in memory. Throws DuckdbError with the place, or
// Error (configuration) where the library cannot be loaded.
void check_syntax(const Configuration& configuration, std::string_view sql);

class DuckdbConnection : public DriverConnection {
 public:
  explicit DuckdbConnection(std::shared_ptr<Connection> connection);
  ~DuckdbConnection() override;

  // The text goes to the engine's parser whole; its statements run in order, each in auto-commit.
  // The rows of the last one stream in bounded memory.
  [[nodiscard]] std::unique_ptr<ResultStream> execute(std::string_view sql) override;
  [[nodiscard]] LiteralStyle literal_style() const noexcept override {
    return LiteralStyle::standard;
  }
  [[nodiscard]] bool is_connected() override { return true; }
  void interrupt() noexcept override { connection_->interrupt(); }
  [[nodiscard]] std::string description() const override {
    return "DuckDB database " + connection_->path();
  }

 private:
  std::shared_ptr<Connection> connection_;  // shared with the result stream
};

[[nodiscard]] std::unique_ptr<DriverConnection> open_connection(const Configuration& configuration,
                                                                std::string_view section);

}  // namespace vdk::duckdb
