#include <map>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "store/database.hpp"

namespace vdk::service {

namespace {

constexpr Oid kByteaType = 17;
constexpr Oid kFloat8Type = 701;

StoreFailure failure_of(std::string_view state) noexcept {
  if (state == "40001" || state == "40P01" || state == "CR000") return StoreFailure::conflict;
  if (state == "23505") return StoreFailure::duplicate;
  if (state == "53100") return StoreFailure::full;
  if (state == "XX001" || state == "XX002") return StoreFailure::damaged;
  if (state.starts_with("08") || state.starts_with("57P") || state == "53300") {
    return StoreFailure::lost;
  }
  return StoreFailure::other;
}

// libpq's words end with a line end and may have several lines; the first says it.
std::string first_line_of(const char* message) {
  const std::string_view text = message != nullptr ? message : "";
  return std::string(text.substr(0, text.find('\n')));
}

class Result {
 public:
  explicit Result(PGresult* result) : result_(result) {}
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() { PQclear(result_); }
  [[nodiscard]] PGresult* get() const { return result_; }
  [[nodiscard]] ExecStatusType status() const { return PQresultStatus(result_); }
  [[nodiscard]] std::string_view state() const {
    const char* state = PQresultErrorField(result_, PG_DIAG_SQLSTATE);
    return state != nullptr ? state : "";
  }

 private:
  PGresult* result_;
};

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(const std::string& conninfo) {
    connection_ = PQconnectdb(conninfo.c_str());
    if (PQstatus(connection_) != CONNECTION_OK) {
      const auto why = first_line_of(PQerrorMessage(connection_));
      PQfinish(connection_);
      throw StoreError(StoreFailure::lost, why);
    }
    try {
      run_script(
          "SET client_min_messages = warning; SET statement_timeout = '30s'; "
          "SET idle_in_transaction_session_timeout = '60s';");
    } catch (...) {
      PQfinish(connection_);
      throw;
    }
  }
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;
  ~PostgresConnection() override { PQfinish(connection_); }

  using Connection::run;
  SqlResult run(std::string_view sql, std::span<const SqlValue> parameters) override {
    const auto& name = prepare(sql, parameters.size());
    const Parameters bound(parameters);
    const Result result(PQexecPrepared(connection_, name.c_str(),
                                       static_cast<int>(parameters.size()), bound.values.data(),
                                       bound.lengths.data(), bound.formats.data(), 0));
    check(result);
    SqlResult answer;
    const int rows = PQntuples(result.get());
    const int columns = PQnfields(result.get());
    answer.rows.reserve(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
      std::vector<SqlValue> row;
      row.reserve(static_cast<std::size_t>(columns));
      for (int c = 0; c < columns; ++c) row.push_back(cell(result.get(), r, c));
      answer.rows.emplace_back(std::move(row));
    }
    if (const char* changed = PQcmdTuples(result.get()); *changed != '\0') {
      answer.changed = std::atoll(changed);
    }
    return answer;
  }

  void run_script(std::string_view sql) override {
    const Result result(PQexec(connection_, std::string(sql).c_str()));
    check(result);
  }

  // Serializable: what a body read is still so when it commits, on every engine alike.
  void begin(bool is_write) override {
    run_script(is_write ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                        : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }
  void commit() override {
    const Result result(PQexec(connection_, "COMMIT"));
    check(result);
    // A transaction that failed before is rolled back by COMMIT, which says so and succeeds.
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
      throw StoreError(StoreFailure::conflict, "the transaction was rolled back");
    }
  }
  Time clock() override {
    const auto found =
        run("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)", {});
    return found.rows.at(0)[0].time();
  }
  void roll_back() noexcept override {
    if (PQtransactionStatus(connection_) != PQTRANS_IDLE) {
      PQclear(PQexec(connection_, "ROLLBACK"));
    }
  }
  [[nodiscard]] bool is_usable() const noexcept override {
    return PQstatus(connection_) == CONNECTION_OK &&
           PQtransactionStatus(connection_) == PQTRANS_IDLE;
  }

 private:
  // Parameters go as text, bytes as they are.
  struct Parameters {
    explicit Parameters(std::span<const SqlValue> parameters) : texts(parameters.size()) {
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const auto& data = parameters[i].data();
        bool is_blob = false;
        const std::string* bytes = &texts[i];
        if (const auto* number = std::get_if<std::int64_t>(&data)) {
          texts[i] = std::to_string(*number);
        } else if (const auto* real = std::get_if<double>(&data)) {
          texts[i] = fmt::format("{}", *real);
        } else if (const auto* text = std::get_if<std::string>(&data)) {
          bytes = text;
        } else if (const auto* blob = std::get_if<Blob>(&data)) {
          bytes = &blob->bytes;
          is_blob = true;
        } else {
          bytes = nullptr;
        }
        values.push_back(bytes != nullptr ? bytes->c_str() : nullptr);
        lengths.push_back(bytes != nullptr ? static_cast<int>(bytes->size()) : 0);
        formats.push_back(is_blob ? 1 : 0);
      }
    }
    std::vector<std::string> texts;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
  };

  const std::string& prepare(std::string_view sql, std::size_t parameters) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
    if (statements_.size() >= kMostStatements) {
      run_script("DEALLOCATE ALL");
      statements_.clear();
    }
    auto name = fmt::format("s{}", statements_.size());
    const Result result(PQprepare(connection_, name.c_str(), std::string(sql).c_str(),
                                  static_cast<int>(parameters), nullptr));
    check(result);
    return statements_.emplace(sql, std::move(name)).first->second;
  }

  static SqlValue cell(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) != 0) return {};
    const char* value = PQgetvalue(result, row, column);
    const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
    switch (PQftype(result, column)) {
      case kByteaType: {
        std::size_t length = 0;
        unsigned char* bytes =
            PQunescapeBytea(reinterpret_cast<const unsigned char*>(value), &length);
        Blob blob{std::string(reinterpret_cast<const char*>(bytes), length)};
        PQfreemem(bytes);
        return {std::move(blob)};
      }
      case kFloat8Type:
        return {std::strtod(value, nullptr)};
      default:
        return {std::string(value, size)};
    }
  }

  void check(const Result& result) {
    const auto status = result.status();
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
    const auto failure =
        PQstatus(connection_) != CONNECTION_OK ? StoreFailure::lost : failure_of(result.state());
    throw StoreError(failure, first_line_of(PQresultErrorMessage(result.get())));
  }

  PGconn* connection_ = nullptr;
  std::map<std::string, std::string, std::less<>> statements_;
};

class PostgresEngine : public Engine {
 public:
  explicit PostgresEngine(std::string conninfo) : conninfo_(std::move(conninfo)) {}
  std::unique_ptr<Connection> connect() override {
    return std::make_unique<PostgresConnection>(conninfo_);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return "PostgreSQL"; }
  [[nodiscard]] std::string_view blob_type() const noexcept override { return "bytea"; }
  [[nodiscard]] std::size_t connection_limit() const noexcept override { return 16; }
  [[nodiscard]] bool has_one_writer() const noexcept override { return false; }

 private:
  std::string conninfo_;
};

}  // namespace

std::unique_ptr<Engine> make_postgres_engine(const std::string& conninfo) {
  return std::make_unique<PostgresEngine>(conninfo);
}

}  // namespace vdk::service
