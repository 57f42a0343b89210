#include "sqlite_connection.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <thread>

#include "vdk/connection/result_batch.hpp"
#include "vdk/connection/sql_text.hpp"

namespace vdk::sqlite {
namespace {

using std::chrono::milliseconds;

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Value read_value(const Api& api, sqlite3_stmt* statement, int column) {
  const auto bytes = [&] { return static_cast<std::size_t>(api.column_bytes(statement, column)); };
  switch (api.column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(api.column_int64(statement, column));
    case SQLITE_FLOAT:
      return api.column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(api.column_text(statement, column));
      return std::string_view(text, bytes());
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const unsigned char*>(api.column_blob(statement, column));
      return hexadecimal(blob, bytes());
    }
    default:
      return {};
  }
}

// Calls what throws an Error, and says in it where the statement is.
template <class Throw>
[[noreturn]] void throw_at(TextPlace place, Throw&& thrower) {
  try {
    thrower();
  } catch (Error& error) {
    error.set_place(std::move(place));
    throw;
  }
  __builtin_unreachable();
}

class SqliteRows : public ResultStream {
 public:
  // `has_row`: the statement was stepped once, and stands on its first row. `place` is where it
  // begins.
  SqliteRows(std::shared_ptr<Database> database, Statement statement, bool has_row, TextPlace place)
      : database_(std::move(database)),
        statement_(std::move(statement)),
        has_row_(has_row),
        place_(std::move(place)) {
    const Api& api = database_->api();
    const int count = api.column_count(statement_.get());
    for (int i = 0; i < count; ++i) {
      const char* type = api.column_decltype(statement_.get(), i);
      columns_.push_back({api.column_name(statement_.get(), i), type ? type : ""});
    }
  }

  const std::vector<ResultColumn>& columns() const override { return columns_; }

  bool next(std::vector<Value>& row) override {
    if (!has_row_) {
      return false;
    }
    read_row(database_->api(), statement_.get(), row);
    step();
    return true;
  }

  std::optional<Batch> next_batch(std::size_t max_rows) override {
    if (!has_row_) {
      return std::nullopt;
    }
    BatchBuilder builder;
    const std::vector<std::size_t> places = add_columns(builder, columns_);
    while (has_row_ && builder.rows() < max_rows) {
      for (std::size_t i = 0; i < places.size(); ++i) {
        append(builder, places[i], static_cast<int>(i));
      }
      builder.end_row();
      step();
    }
    return builder.finish();
  }

  void drain() override {
    while (has_row_) {
      step();
    }
  }

 private:
  void step() {
    const int result = database_->api().step(statement_.get());
    has_row_ = result == SQLITE_ROW;
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
      throw_at(place_, [&] {
        database_->throw_error("while the rows of a query were read",
                               "Not all of its rows were read.");
      });
    }
  }

  void append(BatchBuilder& builder, std::size_t place, int column) const {
    const Api& api = database_->api();
    sqlite3_stmt* statement = statement_.get();
    const auto bytes = [&](const void* begin) {
      return std::string_view(static_cast<const char*>(begin),
                              static_cast<std::size_t>(api.column_bytes(statement, column)));
    };
    switch (api.column_type(statement, column)) {
      case SQLITE_INTEGER:
        return builder.append_integer(place, api.column_int64(statement, column));
      case SQLITE_FLOAT:
        return builder.append_real(place, api.column_double(statement, column));
      case SQLITE_TEXT: {
        const auto* text = api.column_text(statement, column);
        return builder.append_text(place, bytes(text));
      }
      case SQLITE_BLOB: {
        const void* blob = api.column_blob(statement, column);
        return builder.append_binary(place, bytes(blob));
      }
      default:
        return builder.append_null(place);
    }
  }

  std::shared_ptr<Database> database_;
  Statement statement_;
  bool has_row_;
  TextPlace place_;
  std::vector<ResultColumn> columns_;
};

std::string countermeasure_for(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "End the other user's transaction (another process, or an open BEGIN or unread result "
             "of this job), "
             "or raise sqlite_busy_timeout_seconds.";
    case SQLITE_FULL:
      return "Free space on the disk that holds the database file.";
    case SQLITE_READONLY:
      return "Allow writing to the database file and its directory.";
    case SQLITE_NOTADB:
      return "Correct the configured path: the file is no SQLite database.";
    case SQLITE_CANTOPEN:
      return "Check that the directory of the file exists and can be written to.";
    default:
      return {};
  }
}

}  // namespace

void read_row(const Api& api, sqlite3_stmt* statement, std::vector<Value>& row) {
  row.resize(static_cast<std::size_t>(api.column_count(statement)));
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = read_value(api, statement, static_cast<int>(i));
  }
}

Database::Database(const Api& api, const std::string& file, milliseconds busy_limit)
    : api_(api), file_(file), busy_limit_(busy_limit) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = api_.open_v2(file.c_str(), &handle_, flags, nullptr);
  if (result != SQLITE_OK) {
    const std::string reason = handle_ ? api_.errmsg(handle_) : api_.errstr(result);
    api_.close_v2(handle_);
    throw SqliteError(result,
                      {.what = "The SQLite database " + file + " cannot be opened: " + reason + ".",
                       .consequence = "Nothing was read from it or written to it.",
                       .countermeasure = countermeasure_for(result)});
  }
  api_.extended_result_codes(handle_, 1);
  api_.busy_handler(handle_, &Database::wait_for_lock, this);
}

Database::~Database() { api_.close_v2(handle_); }

int Database::wait_for_lock(void* self, int attempts) noexcept {
  constexpr std::array<int, 8> kDelays{1, 2, 5, 10, 15, 20, 25, 50};
  auto& database = *static_cast<Database*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (attempts == 0) {
    database.busy_since_ = now;
  }
  if (database.interrupted() || now - database.busy_since_ >= database.busy_limit_) {
    return 0;
  }
  const auto index = std::min(static_cast<std::size_t>(attempts), kDelays.size() - 1);
  std::this_thread::sleep_for(milliseconds(kDelays[index]));
  return 1;
}

void Database::interrupt() noexcept {
  interrupted_.store(true);
  api_.interrupt(handle_);
}

void Database::throw_error(std::string where, std::string consequence) const {
  const int code = api_.extended_errcode(handle_);
  throw SqliteError(code, {.what = api_.errmsg(handle_),
                           .why = "SQLite refused it, " + std::move(where) + "\nDatabase: " + file_,
                           .consequence = std::move(consequence),
                           .countermeasure = countermeasure_for(code)});
}

void check_syntax(const Configuration& configuration, std::string_view sql) {
  const Api& api = load_api(configuration, {});
  const Database database(api, ":memory:", milliseconds{0});
  for (const std::string_view statement : split_statements(sql)) {
    sqlite3_stmt* raw = nullptr;
    const int size =
        static_cast<int>(std::min<std::size_t>(statement.size(), std::numeric_limits<int>::max()));
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `size` goes with it
    const int result = api.prepare_v3(database.handle(), statement.data(), size, 0, &raw, nullptr);
    const Statement prepared(raw, FinalizeStatement{&api});
    if (result == SQLITE_OK) continue;
    // What else can be wrong depends on the tables and functions of the real database.
    const std::string_view message = api.errmsg(database.handle());
    if (!message.ends_with("syntax error") && !message.starts_with("unrecognized token") &&
        message != "incomplete input") {
      continue;
    }
    const int offset = api.error_offset ? api.error_offset(database.handle()) : -1;
    const auto begin = static_cast<std::size_t>(statement.data() - sql.data());
    const std::size_t at =
        offset >= 0 ? begin + static_cast<std::size_t>(offset) : next_code(sql, begin);
    throw_at({std::string(sql), at},
             [&] { database.throw_error("before anything was run:\n" + excerpt_at(sql, at)); });
  }
}

SqliteConnection::SqliteConnection(std::shared_ptr<Database> database)
    : database_(std::move(database)) {}

SqliteConnection::~SqliteConnection() = default;

std::unique_ptr<ResultStream> SqliteConnection::execute(std::string_view sql) {
  const Api& api = database_->api();
  const auto fail = [&](std::size_t statement_begin, int offset, int ordinal) {
    const std::size_t at = offset >= 0 ? statement_begin + static_cast<std::size_t>(offset)
                                       : next_code(sql, statement_begin);
    const auto rest = split_statements(sql.substr(at));
    const std::string shown =
        offset >= 0 || rest.empty() ? excerpt_at(sql, at) : beginning_of(rest.front());
    throw_at({std::string(sql), at}, [&] {
      database_->throw_error(
          "in statement " + std::to_string(ordinal) + ":\n" + shown,
          ordinal > 1 ? "The statements before it took effect; it and those after it did not."
                      : "");
    });
  };

  if (sql.find('\0') != std::string_view::npos) {
    throw user_error({.what = "The SQL text holds a NUL byte.",
                      .why = "SQLite would take it for the end of the text.",
                      .consequence = "Nothing was executed.",
                      .countermeasure = "Remove the byte."});
  }
  database_->clear_interrupt();
  int ordinal = 0;
  for (std::size_t begin = 0; begin < sql.size();) {
    ++ordinal;
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const auto rest = sql.substr(begin);
    const int size =
        static_cast<int>(std::min<std::size_t>(rest.size(), std::numeric_limits<int>::max()));
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `size` goes with it
    if (api.prepare_v3(database_->handle(), rest.data(), size, 0, &raw, &tail) != SQLITE_OK) {
      fail(begin, api.error_offset ? api.error_offset(database_->handle()) : -1, ordinal);
    }
    Statement statement(raw, FinalizeStatement{&api});
    const auto end = static_cast<std::size_t>(tail - sql.data());
    if (!statement) {
      break;  // only blanks and comments were left
    }
    const bool is_last = next_code(sql, end) == sql.size();

    int result = api.step(statement.get());
    if (is_last && (result == SQLITE_ROW || result == SQLITE_DONE)) {
      if (api.column_count(statement.get()) == 0) {
        return nullptr;
      }
      return std::make_unique<SqliteRows>(database_, std::move(statement), result == SQLITE_ROW,
                                          TextPlace{std::string(sql), next_code(sql, begin)});
    }
    while (result == SQLITE_ROW) {
      result = api.step(statement.get());
    }
    if (result != SQLITE_DONE) {
      fail(begin, -1, ordinal);
    }
    if (database_->interrupted()) {
      throw SqliteError(SQLITE_INTERRUPT, {.what = "interrupted",
                                           .consequence = "The rest of the script did not run."});
    }
    begin = end;
  }
  return nullptr;
}

milliseconds busy_limit(const Configuration& configuration, std::string_view section) {
  Value value = configuration.get("sqlite_busy_timeout_seconds", section);
  if (value.is_null()) {
    value = configuration.get("sqlite_busy_timeout_seconds");
  }
  constexpr std::int64_t kDefault = 30;
  constexpr std::int64_t kDay = 86'400;
  const std::int64_t* seconds = value.if_integer();
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds ? *seconds : kDefault, 0, kDay));
}

std::string database_file(const Configuration& configuration, std::string_view section) {
  std::string file = configuration.get_string("sqlite_file", section);
  if (!file.empty()) {
    return file;
  }
  throw configuration_error(
      {.what = "sqlite_file is empty in the section '" + std::string(section) + "'.",
       .why = "It names the SQLite database file.",
       .consequence = "There is no database to connect to.",
       .countermeasure = "Set it in config.ini, or leave the line out for the default."});
}

std::unique_ptr<DriverConnection> open_connection(const Configuration& configuration,
                                                  std::string_view section) {
  const Api& api = load_api(configuration, section);
  return std::make_unique<SqliteConnection>(std::make_shared<Database>(
      api, database_file(configuration, section), busy_limit(configuration, section)));
}

}  // namespace vdk::sqlite
