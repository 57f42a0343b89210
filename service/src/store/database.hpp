// One way to speak to SQLite and to PostgreSQL (and whatever speaks its protocol).
//
// Both read the same SQL: parameters are $1, $2, ...; types are text, bigint, double precision and
// {blob} in migrations; times are microseconds of UTC in a bigint, truth values 0 and 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/time.hpp"

namespace vdk::service {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

class SqlValue {
 public:
  using Data = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

  SqlValue() = default;
  SqlValue(std::nullopt_t) {}
  SqlValue(bool value) : data_(static_cast<std::int64_t>(value)) {}
  SqlValue(int value) : data_(static_cast<std::int64_t>(value)) {}
  SqlValue(std::int64_t value) : data_(value) {}
  SqlValue(double value) : data_(value) {}
  SqlValue(std::string value) : data_(std::move(value)) {}
  SqlValue(std::string_view value) : data_(std::string(value)) {}
  SqlValue(const char* value) : data_(std::string(value)) {}
  SqlValue(Blob value) : data_(std::move(value)) {}
  SqlValue(Time value) : data_(to_micros(value)) {}
  template <typename T>
  SqlValue(const std::optional<T>& value) {
    if (value) *this = SqlValue(*value);
  }

  [[nodiscard]] const Data& data() const noexcept { return data_; }

 private:
  Data data_;
};

// What a row has in a column. Numbers are read from their text where the database gave that.
class Cell {
 public:
  explicit Cell(const SqlValue& value) : value_(value) {}
  [[nodiscard]] bool is_null() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double real() const;
  [[nodiscard]] bool flag() const { return integer() != 0; }
  [[nodiscard]] Time time() const { return from_micros(integer()); }
  [[nodiscard]] std::string bytes() const;

  [[nodiscard]] std::optional<std::string> text_if() const;
  [[nodiscard]] std::optional<std::int64_t> integer_if() const;
  [[nodiscard]] std::optional<double> real_if() const;
  [[nodiscard]] std::optional<bool> flag_if() const;
  [[nodiscard]] std::optional<Time> time_if() const;

 private:
  const SqlValue& value_;
};

class Row {
 public:
  explicit Row(std::vector<SqlValue> values) : values_(std::move(values)) {}
  [[nodiscard]] Cell operator[](std::size_t column) const { return Cell(values_.at(column)); }

 private:
  std::vector<SqlValue> values_;
};

struct SqlResult {
  std::vector<Row> rows;
  std::int64_t changed = 0;  // rows that the statement inserted, updated or deleted
};

// Why a statement failed, as far as a caller can do something about it.
enum class StoreFailure {
  conflict,   // another transaction was quicker: the whole of this one may be tried again
  duplicate,  // a unique index has the key already
  lost,       // the connection ended: nothing was committed, or it is not known
  full,       // no room on the disk
  damaged,    // what is stored is not what was written
  other,
};

class StoreError : public std::runtime_error {
 public:
  StoreError(StoreFailure failure, const std::string& message)
      : std::runtime_error(message), failure_(failure) {}
  [[nodiscard]] StoreFailure failure() const noexcept { return failure_; }

 private:
  StoreFailure failure_;
};

// How many prepared statements a connection keeps: some are composed of what a request asks for.
inline constexpr std::size_t kMostStatements = 300;

// One connection. Used by one thread at a time. Everything throws StoreError.
class Connection {
 public:
  virtual ~Connection() = default;
  // Runs one statement; it is prepared once for each connection, and kept.
  virtual SqlResult run(std::string_view sql, std::span<const SqlValue> parameters) = 0;
  SqlResult run(std::string_view sql, std::initializer_list<SqlValue> parameters = {}) {
    return run(sql, std::span(parameters.begin(), parameters.size()));
  }
  // Runs several statements without parameters.
  virtual void run_script(std::string_view sql) = 0;
  virtual void begin(bool is_write) = 0;
  virtual void commit() = 0;
  // The time by the database's own clock, where it has one: what several replicas agree on.
  virtual Time clock() = 0;
  // Never throws: a connection that cannot roll back is not used again.
  virtual void roll_back() noexcept = 0;
  // Free bytes on the database's disk, where they can be seen from here.
  [[nodiscard]] virtual std::optional<std::int64_t> room() const { return std::nullopt; }
  [[nodiscard]] virtual bool is_usable() const noexcept = 0;
};

// What differs between the engines.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Connection> connect() = 0;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;  // "SQLite", "PostgreSQL"
  [[nodiscard]] virtual std::string_view blob_type() const noexcept = 0;
  [[nodiscard]] virtual std::size_t connection_limit() const noexcept = 0;
  // Whether only one transaction may write at a time: the others then wait in this process, which
  // is fair and cheap, and not in the engine.
  [[nodiscard]] virtual bool has_one_writer() const noexcept = 0;
};

// The file is made where it is missing, its directory is not. Owner-only.
[[nodiscard]] std::unique_ptr<Engine> make_sqlite_engine(const std::string& path);
// `conninfo` as libpq takes it: an URI or keywords.
[[nodiscard]] std::unique_ptr<Engine> make_postgres_engine(const std::string& conninfo);

// A pool of connections and the rule of transactions: a body runs as a whole or not at all, and is
// run again after a conflict, so it must have no other effect. Any thread may call.
class Database {
 public:
  explicit Database(std::unique_ptr<Engine> engine);
  ~Database();

  // Brings the schema up to this program's. Throws Error (configuration) where it is newer.
  void migrate();

  // In one transaction. `body` may throw what it wants: then nothing has happened.
  template <typename Body>
  auto write(Body body) {
    return in_transaction(true, body);
  }
  template <typename Body>
  auto read(Body body) {
    return in_transaction(false, body);
  }

  // One statement, which is its own transaction.
  SqlResult read_one(std::string_view sql, std::initializer_list<SqlValue> parameters = {});

  [[nodiscard]] std::string_view engine_name() const noexcept;
  // Whether the database answers now.
  [[nodiscard]] bool is_healthy() noexcept;

 private:
  class Pool;
  template <typename Body>
  auto in_transaction(bool is_write, Body& body) {
    std::optional<std::invoke_result_t<Body&, Connection&>> result;
    run_transaction(is_write, [&](Connection& connection) { result = body(connection); });
    return std::move(*result);
  }
  template <typename Body>
    requires std::is_void_v<std::invoke_result_t<Body&, Connection&>>
  void in_transaction(bool is_write, Body& body) {
    run_transaction(is_write, [&](Connection& connection) { body(connection); });
  }
  void run_transaction(bool is_write, const std::function<void(Connection&)>& body);

  std::unique_ptr<Pool> pool_;
};

}  // namespace vdk::service
