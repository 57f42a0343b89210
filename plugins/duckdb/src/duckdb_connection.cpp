#include "duckdb_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "duckdb_owned.hpp"
#include "vdk/connection/result_batch.hpp"
#include "vdk/connection/sql_text.hpp"

namespace vdk::duckdb {
namespace {

constexpr std::string_view kInMemory = ":memory:";
constexpr const char* kSettingsKey = "duckdb_configuration_dictionary";

std::string as_setting(const Value& value) {
  if (const bool* flag = value.if_bool()) {
    return *flag ? "true" : "false";
  }
  if (const std::string* text = value.if_string()) {
    return *text;
  }
  return to_json(value);
}

DuckdbError statement_error(std::string_view message, std::optional<TextPlace> place,
                            std::string consequence = {}) {
  DuckdbError error(message, DuckdbError::During::statement, std::move(consequence));
  if (place) {
    error.set_place(std::move(*place));
  }
  return error;
}

// Reads a result chunk by chunk.
class RowReader {
 public:
  // `place`: where the statement begins in the text that it is of.
  RowReader(const Api& api, OwnedResult result, std::optional<TextPlace> place = {})
      : api_(api), result_(std::move(result)), place_(std::move(place)) {
    const Index count = api_.column_count(result_.get());
    for (Index i = 0; i < count; ++i) {
      Owned<TypeHandle> type(api_.destroy_logical_type);
      *type.out() = api_.column_logical_type(result_.get(), i);
      readers_.emplace_back(api_, type.get());
      columns_.push_back({api_.column_name(result_.get(), i), readers_.back().type_name(),
                          readers_.back().batch_type()});
    }
  }
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;
  ~RowReader() { drop_chunk(); }

  [[nodiscard]] const std::vector<ResultColumn>& columns() const noexcept { return columns_; }

  bool next(std::vector<Value>& row) {
    if (row_ == rows_ && !next_chunk()) {
      return false;
    }
    row.resize(readers_.size());
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      row[i] = readers_[i].value(row_);
    }
    ++row_;
    return true;
  }

  std::optional<Batch> next_batch(std::size_t max_rows) {
    if (row_ == rows_ && !next_chunk()) {
      return std::nullopt;
    }
    BatchBuilder builder;
    const std::vector<std::size_t> places = add_columns(builder, columns_);
    while (builder.rows() < max_rows && (row_ < rows_ || next_chunk())) {
      for (std::size_t i = 0; i < readers_.size(); ++i) {
        readers_[i].append(builder, places[i], row_);
      }
      ++row_;
      builder.end_row();
    }
    return builder.finish();
  }

  void drain() {
    while (next_chunk()) {
    }
  }

 private:
  void drop_chunk() noexcept {
    if (chunk_) {
      api_.destroy_data_chunk(&chunk_);
    }
    chunk_ = nullptr;
  }

  bool next_chunk() {
    while (!at_end_) {
      drop_chunk();
      chunk_ = api_.fetch_chunk(*result_.get());
      row_ = 0;
      rows_ = chunk_ ? api_.data_chunk_get_size(chunk_) : 0;
      if (!chunk_ || rows_ == 0) {
        at_end_ = true;
        if (const std::string error = result_.error(); !error.empty()) {
          throw statement_error(error, place_, "Not all rows of the query were read.");
        }
        return false;
      }
      for (std::size_t i = 0; i < readers_.size(); ++i) {
        readers_[i].attach(api_.data_chunk_get_vector(chunk_, i));
      }
      return true;
    }
    return false;
  }

  const Api& api_;
  OwnedResult result_;
  std::optional<TextPlace> place_;
  std::vector<ColumnReader> readers_;
  std::vector<ResultColumn> columns_;
  ChunkHandle chunk_ = nullptr;
  Index row_ = 0;
  Index rows_ = 0;
  bool at_end_ = false;
};

class DuckdbRows : public ResultStream {
 public:
  DuckdbRows(std::shared_ptr<Connection> connection, Owned<PreparedHandle> statement,
             OwnedResult result, std::optional<TextPlace> place)
      : connection_(std::move(connection)),
        statement_(std::move(statement)),
        rows_(connection_->api(), std::move(result), std::move(place)) {}

  const std::vector<ResultColumn>& columns() const override { return rows_.columns(); }
  bool next(std::vector<Value>& row) override { return rows_.next(row); }
  std::optional<Batch> next_batch(std::size_t max_rows) override {
    return rows_.next_batch(max_rows);
  }
  void drain() override { rows_.drain(); }

 private:
  std::shared_ptr<Connection> connection_;
  Owned<PreparedHandle> statement_;
  RowReader rows_;
};

// Where the line begins that the engine's message shows, of a text that it was given; the text's
// beginning where the message shows none.
std::size_t shown_line(std::string_view message, std::string_view text) {
  constexpr std::string_view kMark = "\nLINE ";
  const auto mark = message.rfind(kMark);
  if (mark == std::string_view::npos) {
    return 0;
  }
  std::size_t line = 0;
  const auto digits = message.substr(mark + kMark.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), line);
  std::size_t begin = 0;
  for (std::size_t i = 1; i < line; ++i) {
    const auto line_end = text.find('\n', begin);
    if (line_end == std::string_view::npos) {
      return 0;
    }
    begin = line_end + 1;
  }
  return begin;
}

std::string text_or(const char* message, std::string_view otherwise) {
  return message && *message ? message : std::string(otherwise);
}

}  // namespace

// DuckDB writes a new file in several steps, and what a process leaves that is killed between them
// nobody can open. Such a file is shorter than the three headers of a whole one, so nothing can be
// in it. It is removed where it begins as DuckDB's own and no process has it locked.
void remove_unfinished(const std::string& path) {
  constexpr off_t kHeaders = 3 * 4096;
  constexpr off_t kMagicPlace = 8;  // behind a checksum
  constexpr std::string_view kMagic = "DUCK";
  struct stat about{};
  if (stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_size >= kHeaders) {
    return;
  }
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  char magic[kMagic.size()] = {};
  const ssize_t count = pread(file, magic, sizeof magic, kMagicPlace);
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool is_ours = about.st_size == 0 || (count == ssize_t{sizeof magic} &&
                                              std::string_view(magic, sizeof magic) == kMagic);
  if (is_ours && fcntl(file, F_SETLK, &lock) == 0) unlink(path.c_str());
  close(file);
}

// The engines that are open, counted. Opening and closing happen under one lock, so that an engine
// which is still closing is never met by a new one on its file.
class Connection::Engines {
 public:
  static Engines& instance() {
    static auto* engines =
        new Engines;  // never destroyed: connections may close while the process ends
    return *engines;
  }

  ConnectionHandle connect(const Api& api, const Place& place, const std::string& key) {
    const std::lock_guard lock(mutex_);
    Engine& engine = engines_[key];
    ConnectionHandle connection = nullptr;
    try {
      if (!engine.database) {
        engine.database = open(api, place);
      }
      if (api.connect(engine.database, &connection) != State::success) {
        throw platform_error({.what = "DuckDB gives no connection to " + place.path + "."});
      }
    } catch (...) {
      drop_if_unused(api, key);
      throw;
    }
    ++engine.users;
    return connection;
  }

  void disconnect(const Api& api, ConnectionHandle connection, const std::string& key) noexcept {
    const std::lock_guard lock(mutex_);
    api.disconnect(&connection);
    --engines_[key].users;
    drop_if_unused(api, key);
  }

 private:
  struct Engine {
    DatabaseHandle database = nullptr;
    int users = 0;
  };

  static DatabaseHandle open(const Api& api, const Place& place) {
    Owned<ConfigHandle> settings(api.destroy_config);
    if (!place.settings.empty()) {
      api.create_config(settings.out());
      for (const auto& [name, value] : place.settings) {
        if (api.set_config(settings.get(), name.c_str(), value.c_str()) == State::success) {
          continue;
        }
        throw configuration_error({.what = "DuckDB does not take the setting '" + name + "'.",
                                   .why = std::string("It comes from ") + kSettingsKey + ".",
                                   .consequence = "The database was not opened.",
                                   .countermeasure =
                                       "Correct its name or value; see "
                                       "https://duckdb.org/docs/configuration/overview."});
      }
    }
    remove_unfinished(place.path);
    DatabaseHandle database = nullptr;
    char* error = nullptr;
    const State state = api.open_ext(place.path.c_str(), &database, settings.get(), &error);
    const std::string reason = error ? error : "DuckDB gives no reason.";
    api.free(error);
    if (state == State::success) {
      return database;
    }
    const bool locked = reason.find("lock on file") != std::string::npos;
    throw configuration_error(
        {.what = "The DuckDB database " + place.path + " cannot be opened.",
         .why = reason,
         .consequence = "Nothing was read from it or written to it.",
         .countermeasure =
             locked
                 ? "End the other process that has the file open, or use another file "
                   "(duckdb_database)."
                 : "Check duckdb_database, and duckdb_configuration_dictionary where it is set."});
  }

  void drop_if_unused(const Api& api, const std::string& key) noexcept {
    const auto found = engines_.find(key);
    if (found == engines_.end() || found->second.users > 0) {
      return;
    }
    if (found->second.database) {
      api.close(&found->second.database);
    }
    engines_.erase(found);
  }

  std::mutex mutex_;
  std::map<std::string, Engine> engines_;
};

Place configured_place(const Configuration& configuration) {
  Place place;
  place.path = configuration.get_string("duckdb_database");
  if (place.path.empty()) {
    place.path = "default_path.duckdb";
  }
  Value settings = configuration.get(kSettingsKey);
  if (const std::string* text = settings.if_string()) {
    try {
      settings = text->empty() ? Value() : parse_json(*text);
    } catch (const Error& error) {
      throw configuration_error(
          {.what = std::string(kSettingsKey) + " is not JSON.",
           .why = error.text().what,
           .consequence = "The database was not opened.",
           .countermeasure = "Write a JSON object, such as {\"threads\": 2}."});
    }
  }
  if (settings.is_null()) {
    return place;
  }
  const Value::Map* map = settings.if_map();
  if (!map) {
    throw configuration_error({.what = std::string(kSettingsKey) + " is not a JSON object.",
                               .consequence = "The database was not opened.",
                               .countermeasure = "Write a JSON object, such as {\"threads\": 2}."});
  }
  for (const Member& member : *map) {
    place.settings[member.key] = as_setting(member.value);
  }
  return place;
}

Connection::Connection(const Api& api, const Place& place)
    : api_(api), path_(place.path), key_(place.path) {
  if (place.is_private) {
    static std::atomic<std::uint64_t> number{0};
    key_ += std::to_string(++number);
  } else if (path_ != kInMemory) {
    std::error_code failure;
    const auto canonical =
        std::filesystem::weakly_canonical(std::filesystem::absolute(path_, failure), failure);
    if (!failure) {
      key_ = canonical.string();
    }
  }
  handle_ = Engines::instance().connect(api_, place, key_);
}

Connection::~Connection() { Engines::instance().disconnect(api_, handle_, key_); }

void Connection::interrupt() noexcept {
  interrupted_.store(true);
  api_.interrupt(handle_);
}

std::vector<std::vector<Value>> Connection::query(const std::string& sql) {
  OwnedResult result(api_);
  if (api_.query(handle_, sql.c_str(), result.get()) != State::success) {
    throw DuckdbError(result.error(), DuckdbError::During::ingestion);
  }
  RowReader reader(api_, std::move(result));
  std::vector<std::vector<Value>> rows;
  std::vector<Value> row;
  while (reader.next(row)) {
    rows.push_back(row);
  }
  return rows;
}

void Connection::work_off(const std::string& sql) {
  constexpr std::chrono::microseconds kPause{200};
  const auto fail = [](const char* message) {
    throw DuckdbError(text_or(message, "The statement failed without saying why."),
                      DuckdbError::During::ingestion);
  };
  Owned<PreparedHandle> statement(api_.destroy_prepare);
  if (api_.prepare(handle_, sql.c_str(), statement.out()) != State::success) {
    fail(api_.prepare_error(statement.get()));
  }
  Owned<PendingHandle> pending(api_.destroy_pending);
  if (api_.pending_prepared_streaming(statement.get(), pending.out()) != State::success) {
    fail(api_.pending_error(pending.get()));
  }
  for (;;) {
    const Pending state = api_.pending_execute_task(pending.get());
    if (state == Pending::error) fail(api_.pending_error(pending.get()));
    if (state == Pending::ready) break;
    if (state == Pending::no_tasks) std::this_thread::sleep_for(kPause);
  }
  OwnedResult result(api_);
  if (api_.execute_pending(pending.get(), result.get()) != State::success) {
    fail(result.error().c_str());
  }
}

DuckdbConnection::DuckdbConnection(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

DuckdbConnection::~DuckdbConnection() = default;

std::unique_ptr<ResultStream> DuckdbConnection::execute(std::string_view sql) {
  const Api& api = connection_->api();
  connection_->clear_interrupt();
  const std::string text(sql);
  if (text.find('\0') != std::string::npos) {
    throw user_error({.what = "The SQL text holds a NUL byte.",
                      .why = "DuckDB would take it for the end of the text.",
                      .consequence = "Nothing was executed.",
                      .countermeasure = "Remove the byte."});
  }
  Owned<StatementsHandle> statements(api.destroy_extracted);
  const Index count = api.extract_statements(connection_->handle(), text.c_str(), statements.out());
  if (count == 0) {
    const std::string error = text_or(api.extract_statements_error(statements.get()), "");
    if (!error.empty()) {
      throw statement_error(error, TextPlace{text, shown_line(error, text)});
    }
    return nullptr;  // nothing but comments
  }
  const auto pieces = split_statements(text, SqlDialect::postgres);
  // The statement as it stands in the text, from its first code on.
  const auto piece = [&](Index ordinal) -> std::optional<std::string_view> {
    if (pieces.size() != count) {
      return std::nullopt;
    }
    const std::string_view own = pieces[ordinal];
    return own.substr(next_code(own, 0, SqlDialect::postgres));
  };
  const auto place = [&](Index ordinal, std::string_view message) -> std::optional<TextPlace> {
    const auto own = piece(ordinal);
    if (!own) {
      return std::nullopt;
    }
    const auto begin = static_cast<std::size_t>(own->data() - text.data());
    return TextPlace{text, begin + shown_line(message, *own)};
  };
  const auto fail = [&](Index ordinal, const std::string& message) {
    std::string consequence;
    if (ordinal > 0) {
      consequence = "It is statement " + std::to_string(ordinal + 1) + " of " +
                    std::to_string(count) +
                    "; those before it took effect, it and those after it did not.";
    }
    throw statement_error(text_or(message.c_str(), "The statement failed without saying why."),
                          place(ordinal, message), std::move(consequence));
  };
  // The engine shows the place of an error only where it prepares a statement alone, without
  // comments before it.
  const auto prepare_error = [&](Index ordinal, std::string message) {
    const auto own = piece(ordinal);
    if (!own) {
      return message;
    }
    Owned<PreparedHandle> alone(api.destroy_prepare);
    if (api.prepare(connection_->handle(), std::string(*own).c_str(), alone.out()) ==
        State::success) {
      return message;
    }
    return text_or(api.prepare_error(alone.get()), message);
  };
  for (Index i = 0; i < count; ++i) {
    if (connection_->interrupted()) {
      fail(i, "INTERRUPT Error: Interrupted!");
    }
    Owned<PreparedHandle> statement(api.destroy_prepare);
    if (api.prepare_extracted_statement(connection_->handle(), statements.get(), i,
                                        statement.out()) != State::success) {
      fail(i, prepare_error(i, text_or(api.prepare_error(statement.get()), "")));
    }
    Owned<PendingHandle> pending(api.destroy_pending);
    if (api.pending_prepared_streaming(statement.get(), pending.out()) != State::success) {
      fail(i, text_or(api.pending_error(pending.get()), ""));
    }
    OwnedResult result(api);
    if (api.execute_pending(pending.get(), result.get()) != State::success) {
      std::string message = result.error();
      fail(i, message.empty() ? text_or(api.pending_error(pending.get()), "") : message);
    }
    if (api.result_return_type(*result.get()) != ReturnType::query_result) {
      continue;
    }
    auto rows = std::make_unique<DuckdbRows>(connection_, std::move(statement), std::move(result),
                                             place(i, {}));
    if (i + 1 == count) {
      return rows;
    }
    rows->drain();
  }
  return nullptr;
}

void check_syntax(const Configuration& configuration, std::string_view sql) {
  const Api& api = load_api(configuration);
  const Connection connection(api, {.path = ":memory:", .is_private = true});
  const std::string text(sql);
  Owned<StatementsHandle> statements(api.destroy_extracted);
  if (api.extract_statements(connection.handle(), text.c_str(), statements.out()) != 0) return;
  const std::string error = text_or(api.extract_statements_error(statements.get()), "");
  if (!error.empty()) throw statement_error(error, TextPlace{text, shown_line(error, text)});
}

std::unique_ptr<DriverConnection> open_connection(const Configuration& configuration,
                                                  std::string_view) {
  const Api& api = load_api(configuration);
  return std::make_unique<DuckdbConnection>(
      std::make_shared<Connection>(api, configured_place(configuration)));
}

}  // namespace vdk::duckdb
