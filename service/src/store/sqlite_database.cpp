#include <fcntl.h>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <map>

#include <fmt/format.h>

#include "store/database.hpp"

namespace vdk::service {

namespace {

StoreFailure failure_of(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreFailure::conflict;
    case SQLITE_FULL:
      return StoreFailure::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreFailure::damaged;
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
                 ? StoreFailure::duplicate
                 : StoreFailure::other;
    default:
      return StoreFailure::other;
  }
}

int compare_bytes(void* /*none*/, int size_a, const void* a, int size_b, const void* b) noexcept {
  const auto text = [](const void* bytes, int size) {
    return std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  };
  return text(a, size_a).compare(text(b, size_b));
}

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(const std::string& path) {
    const int status = sqlite3_open_v2(
        path.c_str(), &database_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    if (status != SQLITE_OK) {
      const std::string why = database_ != nullptr ? sqlite3_errmsg(database_) : "out of memory";
      sqlite3_close(database_);
      throw StoreError(failure_of(status), fmt::format("{}: {}", path, why));
    }
    try {
      sqlite3_busy_timeout(database_, 5000);
      // Every commit is on the disk before it is answered: a deployment that was accepted is there
      // after the power came back.
      // PostgreSQL's name for the order of bytes, which is the usual one here.
      sqlite3_create_collation(database_, "C", SQLITE_UTF8, nullptr, compare_bytes);
      run_script(
          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
          "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;");
    } catch (...) {
      sqlite3_close(database_);
      throw;
    }
  }

  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  ~SqliteConnection() override {
    forget_statements();
    sqlite3_close(database_);
  }

  using Connection::run;
  SqlResult run(std::string_view sql, std::span<const SqlValue> parameters) override {
    sqlite3_stmt* statement = prepare(sql);
    const Reset reset{statement};
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); ++i) {
      // `$2` is a name to SQLite: its number says which parameter is meant.
      const char* name = sqlite3_bind_parameter_name(statement, i);
      const std::size_t number = static_cast<std::size_t>(std::atoi(name + 1));
      bind(statement, i, parameters[number - 1]);
    }
    SqlResult result;
    const int columns = sqlite3_column_count(statement);
    for (;;) {
      const int status = sqlite3_step(statement);
      if (status == SQLITE_DONE) break;
      if (status != SQLITE_ROW) fail(status);
      std::vector<SqlValue> row;
      row.reserve(static_cast<std::size_t>(columns));
      for (int i = 0; i < columns; ++i) row.push_back(column(statement, i));
      result.rows.emplace_back(std::move(row));
    }
    if (sqlite3_stmt_readonly(statement) == 0) result.changed = sqlite3_changes(database_);
    return result;
  }

  void run_script(std::string_view sql) override {
    const int status = sqlite3_exec(database_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) fail(status);
  }

  void begin(bool is_write) override { run(is_write ? "BEGIN IMMEDIATE" : "BEGIN"); }
  void commit() override { run("COMMIT"); }
  Time clock() override { return now(); }
  void roll_back() noexcept override {
    if (sqlite3_get_autocommit(database_) == 0) {
      sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }
  [[nodiscard]] std::optional<std::int64_t> room() const override {
    struct statvfs disk{};
    if (::statvfs(sqlite3_db_filename(database_, "main"), &disk) != 0) return std::nullopt;
    return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  }
  [[nodiscard]] bool is_usable() const noexcept override {
    return sqlite3_get_autocommit(database_) != 0;
  }

 private:
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    }
  };

  sqlite3_stmt* prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
    if (statements_.size() >= kMostStatements) forget_statements();
    sqlite3_stmt* statement = nullptr;
    const int status = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (status != SQLITE_OK) fail(status);
    statements_.emplace(sql, statement);
    return statement;
  }

  void forget_statements() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    statements_.clear();
  }

  static void bind(sqlite3_stmt* statement, int place, const SqlValue& value) {
    struct {
      sqlite3_stmt* statement;
      int place;
      void operator()(std::monostate) const { sqlite3_bind_null(statement, place); }
      void operator()(std::int64_t number) const { sqlite3_bind_int64(statement, place, number); }
      void operator()(double number) const { sqlite3_bind_double(statement, place, number); }
      void operator()(const std::string& text) const {
        sqlite3_bind_text64(statement, place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
      }
      void operator()(const Blob& blob) const {
        sqlite3_bind_blob64(statement, place, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
      }
    } const binder{statement, place};
    std::visit(binder, value.data());
  }

  static SqlValue column(sqlite3_stmt* statement, int i) {
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, i)); };
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_INTEGER:
        return {static_cast<std::int64_t>(sqlite3_column_int64(statement, i))};
      case SQLITE_FLOAT:
        return {sqlite3_column_double(statement, i)};
      case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        return {std::string(text, size())};
      }
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
        return {Blob{bytes != nullptr ? std::string(bytes, size()) : std::string{}}};
      }
      default:
        return {};
    }
  }

  [[noreturn]] void fail(int status) {
    throw StoreError(failure_of(status), sqlite3_errmsg(database_));
  }

  sqlite3* database_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

class SqliteEngine : public Engine {
 public:
  explicit SqliteEngine(std::string path) : path_(std::move(path)) {
    // SQLite would make it readable for everybody.
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
  }
  std::unique_ptr<Connection> connect() override {
    return std::make_unique<SqliteConnection>(path_);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return "SQLite"; }
  [[nodiscard]] std::string_view blob_type() const noexcept override { return "blob"; }
  [[nodiscard]] std::size_t connection_limit() const noexcept override { return 8; }
  [[nodiscard]] bool has_one_writer() const noexcept override { return true; }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<Engine> make_sqlite_engine(const std::string& path) {
  return std::make_unique<SqliteEngine>(path);
}

}  // namespace vdk::service
