#include "postgres_connection.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "postgres_error.hpp"
#include "postgres_values.hpp"
#include "vdk/base/log.hpp"
#include "vdk/connection/sql_text.hpp"

namespace vdk::postgres {
namespace {

constexpr std::string_view kLogger = "vdk.postgres";
constexpr std::string_view kCanceled = "57014";

bool controls_transactions(std::string_view statement) {
  constexpr std::array<std::string_view, 9> kWords{
      "abort", "begin", "commit", "end", "prepare", "release", "rollback", "savepoint", "start"};
  std::string word;
  for (std::size_t i = next_code(statement, 0, SqlDialect::postgres); i < statement.size(); ++i) {
    const auto c = static_cast<unsigned char>(statement[i]);
    if (!std::isalpha(c)) {
      break;
    }
    word += static_cast<char>(std::tolower(c));
  }
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// What became of the rest of a text in which one statement failed.
std::string consequence_of(std::string_view sql, PGTransactionStatusType status) {
  if (status == PQTRANS_INERROR) {
    return "The open transaction is aborted: nothing runs in it until ROLLBACK.";
  }
  const auto statements = split_statements(sql, SqlDialect::postgres);
  if (statements.size() < 2 ||
      std::any_of(statements.begin(), statements.end(), controls_transactions)) {
    return {};
  }
  return "None of the " + std::to_string(statements.size()) +
         " statements of the text took effect: they are one transaction.";
}

// Reads what is left, then throws the failure.
[[noreturn]] void fail(Session& session, std::string_view sql, Result failure) {
  failure = session.finish(std::move(failure));
  std::string consequence = consequence_of(sql, PQtransactionStatus(session.handle()));
  const PostgresError error =
      statement_error(failure.get(), sql, session.place(), std::move(consequence));
  if (session.interrupted() && error.sqlstate() == kCanceled) {
    ErrorText text = error.text();
    text.countermeasure.clear();  // it is what was asked for
    throw PostgresError(error.resolvable_by(), error.sqlstate(), std::move(text));
  }
  throw PostgresError(error);
}

// Ends a COPY from or to the client, which SQL text has no way to serve.
[[noreturn]] void refuse_copy(Session& session, ExecStatusType status) {
  PGconn* connection = session.handle();
  if (status == PGRES_COPY_IN) {
    PQputCopyEnd(connection, "the client has no rows for it");
  } else {
    session.interrupt();
    char* row = nullptr;
    while (PQgetCopyData(connection, &row, 0) > 0) {
      PQfreemem(row);
    }
  }
  (void)session.finish();
  session.clear_interrupt();
  throw user_error({.what = "COPY from or to the client cannot run as SQL text.",
                    .why = "There is no file on this side that its rows could come from or go to.",
                    .consequence = "Nothing was copied.",
                    .countermeasure =
                        "Send rows for ingestion, read them by a query, or name a file of the "
                        "server in the COPY statement."});
}

std::optional<std::int64_t> changed_by(PGresult* result) {
  const std::string_view count = PQcmdTuples(result);
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), rows);
  return error == std::errc() ? std::optional(rows) : std::nullopt;
}

// The rows of the last statement, the rest of which is still to come from the server.
class PostgresRows : public ResultStream {
 public:
  // `result`: the first row, or the end of a result without rows.
  PostgresRows(std::shared_ptr<Session> session, std::string sql, Result result)
      : session_(std::move(session)), sql_(std::move(sql)), result_(std::move(result)) {
    const int count = PQnfields(result_.get());
    for (int i = 0; i < count; ++i) {
      types_.push_back(PQftype(result_.get(), i));
      columns_.push_back({PQfname(result_.get(), i), type_name(types_.back())});
    }
  }

  ~PostgresRows() override {
    try {
      read_rest();
    } catch (const std::exception& error) {
      log(session_->interrupted() ? LogLevel::debug : LogLevel::warning, kLogger,
          std::string("A query failed after its rows were no longer wanted: ") + error.what());
    }
  }

  const std::vector<ResultColumn>& columns() const override { return columns_; }

  bool next(std::vector<Value>& row) override {
    if (!arrive()) {
      return false;
    }
    const PGresult* result = result_.get();
    row.resize(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const int column = static_cast<int>(i);
      if (PQgetisnull(result, 0, column) != 0) {
        row[i] = nullptr;
        continue;
      }
      const auto size = static_cast<std::size_t>(PQgetlength(result, 0, column));
      row[i] = to_value(types_[i], {PQgetvalue(result, 0, column), size});
    }
    result_.reset();
    return true;
  }

  void drain() override { read_rest(); }

 private:
  void read_rest() {
    while (arrive()) {
      result_.reset();
    }
  }

  // Makes result_ the next row; false at the end, where everything that was sent is done.
  bool arrive() {
    if (is_at_end_) {
      return false;
    }
    if (!result_) {
      is_at_end_ = true;  // also where this throws
      result_ = session_->next_result();
      is_at_end_ = false;
    }
    if (result_ && PQresultStatus(result_.get()) == PGRES_SINGLE_TUPLE) {
      return true;
    }
    is_at_end_ = true;
    Result failure;
    if (result_ && has_failed(result_.get())) {
      failure = std::move(result_);
    }
    result_.reset();
    failure = session_->finish(std::move(failure));
    if (failure) {
      fail(*session_, sql_, std::move(failure));
    }
    return false;
  }

  std::shared_ptr<Session> session_;
  std::string sql_;
  Result result_;
  bool is_at_end_ = false;
  std::vector<Oid> types_;
  std::vector<ResultColumn> columns_;
};

}  // namespace

PostgresConnection::PostgresConnection(std::shared_ptr<Session> session)
    : session_(std::move(session)) {}

PostgresConnection::~PostgresConnection() = default;

std::unique_ptr<ResultStream> PostgresConnection::execute(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) {
    throw user_error({.what = "The SQL text holds a NUL byte.",
                      .why = "PostgreSQL would take it for the end of the text.",
                      .consequence = "Nothing was executed.",
                      .countermeasure = "Remove the byte."});
  }
  const std::size_t statements = split_statements(sql, SqlDialect::postgres).size();
  if (statements == 0) {
    return nullptr;
  }
  Session& session = *session_;
  session.clear_interrupt();
  changed_rows_.reset();
  std::string text(sql);
  session.send(text);

  std::size_t ended = 0;
  bool has_rows = false;  // the statement at work
  while (Result result = session.next_result()) {
    switch (const ExecStatusType status = PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        if (ended + 1 >= statements && !has_rows) {
          return std::make_unique<PostgresRows>(session_, std::move(text), std::move(result));
        }
        has_rows = status == PGRES_SINGLE_TUPLE;
        ended += status == PGRES_TUPLES_OK ? 1 : 0;
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        refuse_copy(session, status);
      case PGRES_FATAL_ERROR:
      case PGRES_BAD_RESPONSE:
        fail(session, text, std::move(result));
      default:
        changed_rows_ = changed_by(result.get());
        ++ended;
    }
  }
  return nullptr;
}

std::string PostgresConnection::literal(const SqlParameter& value) const {
  if (value.type != ColumnType::binary) {
    return DriverConnection::literal(value);
  }
  // Its own form has a backslash, which the session may take for an escape.
  const std::string standard = DriverConnection::literal(value);
  return "decode(" + standard.substr(standard.find('\'')) + ", 'hex')";
}

bool PostgresConnection::in_transaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(session_->handle());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void PostgresConnection::end_orphans(std::string_view comment) {
  constexpr std::chrono::seconds kLimit{30};
  constexpr std::chrono::milliseconds kPause{20};
  // Of this account's own sessions everybody may see the statements, and end them.
  const std::string end_them =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user "
      "AND pid <> ALL ('" +
      Session::own_backends() + "') AND strpos(query, " +
      literal({ColumnType::text, std::string(comment)}) + ") > 0";
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  for (bool first = true;; first = false) {
    std::vector<Value> row;
    try {
      const auto rows = execute(end_them);
      if (!rows->next(row)) return;
    } catch (const PostgresError& error) {
      if (!is_connected()) throw;
      log(LogLevel::warning, kLogger,
          std::string("Whether a statement of the earlier attempt is still under way cannot be "
                      "seen: ") +
              error.what());
      return;
    }
    const std::int64_t* const left = row.at(0).if_integer();
    if (left == nullptr || *left == 0) return;
    if (first) {
      log(LogLevel::warning, kLogger,
          "A session of the earlier attempt is still open on the " + session_->place() +
              ", and is ended.");
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw platform_error({.what = "A statement of the earlier attempt does not end.",
                            .why = "The server was asked to end its session, and has not.",
                            .consequence = "Nothing was executed.",
                            .countermeasure = "Resume the run when the statement has ended."});
    }
    std::this_thread::sleep_for(kPause);
  }
}

LiteralStyle PostgresConnection::literal_style() const noexcept {
  const char* standard = PQparameterStatus(session_->handle(), "standard_conforming_strings");
  if (!standard) {
    return LiteralStyle::unknown;
  }
  return std::string_view(standard) == "on" ? LiteralStyle::standard : LiteralStyle::backslash;
}

std::unique_ptr<DriverConnection> open_connection(const Engine& engine,
                                                  const Configuration& configuration,
                                                  std::string_view section) {
  return std::make_unique<PostgresConnection>(
      std::make_shared<Session>(read_settings(engine, configuration, section)));
}

}  // namespace vdk::postgres
