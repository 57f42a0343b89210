#include "postgres_session.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <new>
#include <set>
#include <system_error>
#include <vector>

#include "postgres_error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::postgres {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kLogger = "vdk.postgres";
// How long a server may take to obey a cancel request; then the connection is given up.
constexpr milliseconds kObeyLimit{5'000};
// A request that came before the statement was lost.
constexpr milliseconds kCancelAgain{500};
constexpr std::size_t kCancelMessage = 256;  // libpq's own bound
constexpr std::size_t kCopyPiece = std::size_t{256} << 10;

std::string text_or(const char* text, const char* otherwise) {
  return text && *text ? text : otherwise;
}

std::string place_of(const Engine& engine, const PGconn* connection) {
  const std::string host = text_or(PQhost(connection), "localhost");
  return std::string(engine.title) + " database " + text_or(PQdb(connection), "(default)") +
         " at " + host + (host.starts_with('/') ? "/" : ":") +
         (host.starts_with('/') ? ".s.PGSQL." : "") + text_or(PQport(connection), "5432");
}

// Which of a list of addresses is being tried.
std::string address_of(const PGconn* connection) {
  return text_or(PQhost(connection), "") + '/' + text_or(PQhostaddr(connection), "") + '/' +
         text_or(PQport(connection), "");
}

LogLevel level_of(const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (!severity) {
    severity = PQresultErrorField(notice, PG_DIAG_SEVERITY);  // servers before 9.6
  }
  const std::string_view name = severity ? severity : "";
  if (name == "WARNING") {
    return LogLevel::warning;
  }
  return name.starts_with("DEBUG") ? LogLevel::debug : LogLevel::info;
}

void log_notice(void*, const PGresult* notice) {
  const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  std::string text = text_or(message, PQresultErrorMessage(notice));
  for (const int code : {int{PG_DIAG_MESSAGE_DETAIL}, int{PG_DIAG_MESSAGE_HINT}}) {
    if (const char* more = PQresultErrorField(notice, code)) {
      text += "\n";
      text += more;
    }
  }
  log(level_of(notice), kLogger, text);
}

// Waits until the socket is ready or `deadline`; false where it came first.
bool wait_until(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      return false;
    }
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int ready =
        poll(&entry, 1, static_cast<int>(std::min(left, milliseconds(60'000)).count()));
    if (ready > 0) {
      return true;
    }
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
  }
}

// The backends of this process's sessions.
class Backends {
 public:
  void add(int backend) {
    const std::lock_guard lock(mutex_);
    backends_.insert(backend);
  }
  void remove(int backend) {
    const std::lock_guard lock(mutex_);
    backends_.erase(backends_.find(backend));
  }
  // As an array of PostgreSQL.
  [[nodiscard]] std::string list() {
    const std::lock_guard lock(mutex_);
    std::string text = "{";
    for (const int backend : backends_) {
      text += (text.size() == 1 ? "" : ",") + std::to_string(backend);
    }
    return text + "}";
  }

 private:
  std::mutex mutex_;
  std::multiset<int> backends_;  // a server that was started again may repeat a number
};

Backends& own() {
  static Backends backends;
  return backends;
}

}  // namespace

Session::Descriptor::Descriptor() : number_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (number_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

Session::Descriptor::~Descriptor() { close(number_); }

Session::Session(const Settings& settings) : engine_(settings.engine), owner_(getpid()) {
  connect(settings);
  place_ = place_of(engine_, connection_.get());
  cancel_.reset(PQgetCancel(connection_.get()));
  make_text_forms_exact();
  end_with_its_client(settings);
  backend_ = PQbackendPID(handle());  // which a lost connection forgets
  own().add(backend_);
}

std::string Session::own_backends() { return own().list(); }

bool Session::is_ours() const noexcept { return getpid() == owner_; }

Session::~Session() {
  if (!is_ours()) {
    // NOLINTNEXTLINE(bugprone-unused-return-value): lost on purpose, it is the parent's
    (void)connection_.release();
    return;
  }
  own().remove(backend_);
  const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
  if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) {
    log(LogLevel::warning, kLogger,
        "The transaction that was begun on the " + place_ +
            " was never committed: what it did is rolled back.");
  }
}

void Session::connect(const Settings& settings) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : settings.options) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  PGconn* connection = connection_.get();
  if (!connection) {
    throw std::bad_alloc();
  }
  // The only way to learn the SQLSTATE of a refused log-in.
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection, log_notice, nullptr);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  std::string address;
  Clock::time_point deadline;
  while (PQstatus(connection) != CONNECTION_BAD && status != PGRES_POLLING_OK) {
    if (std::string now = address_of(connection); now != address) {
      address = std::move(now);
      deadline = Clock::now() + settings.connect_limit;
    }
    const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_until(PQsocket(connection), events, deadline)) {
      const std::string keys(engine_.prefix);
      throw PostgresError(
          ResolvableBy::platform, "",
          {.what = "The " + place_of(engine_, connection) + " does not answer.",
           .why = "It did not accept the connection within " +
                  std::to_string(settings.connect_limit.count()) + " seconds.",
           .consequence = "There is no connection, and nothing was executed.",
           .countermeasure = "Check that the server can be reached from here, or raise " + keys +
                             "connect_timeout_seconds."});
    }
    status = PQconnectPoll(connection);
    if (status == PGRES_POLLING_FAILED) {
      break;
    }
  }
  if (PQstatus(connection) != CONNECTION_OK) {
    throw connect_error(connection, engine_.prefix, place_of(engine_, connection));
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
}

// Dates in ISO's order, and every digit of a floating-point number.
void Session::make_text_forms_exact() {
  const std::string dates = text_or(PQparameterStatus(handle(), "DateStyle"), "");
  if (!dates.starts_with("ISO")) {
    run("SET datestyle TO ISO");
  }
  constexpr int kShortestExact = 120'000;  // the version that made it the default
  if (PQserverVersion(handle()) < kShortestExact) {
    run("SET extra_float_digits TO 3");
  }
}

// A statement whose client was killed is given up by the server within a second, as far as the
// server can be told to.
void Session::end_with_its_client(const Settings& settings) {
  constexpr int kKnowsHow = 140'000;
  constexpr std::string_view kSetting = "client_connection_check_interval";
  const auto given = settings.options.find("options");
  const bool is_chosen =
      given != settings.options.end() && given->second.find(kSetting) != std::string::npos;
  if (is_chosen || PQserverVersion(handle()) < kKnowsHow) {
    return;
  }
  try {
    run("SET " + std::string(kSetting) + " TO '1s'");
  } catch (const PostgresError& error) {
    if (!is_connected()) {
      throw;
    }
    log(LogLevel::debug, kLogger, std::string("A server without this ability: ") + error.what());
  }
}

void Session::send(const std::string& sql) {
  if (PQsendQuery(handle(), sql.c_str()) == 0) {
    throw_lost();
  }
  PQsetSingleRowMode(handle());
  running_.store(true);
  if (interrupted_.load()) {
    interrupt();  // it came too early to reach the server
  }
}

Result Session::next_result() {
  while (PQisBusy(handle()) != 0) {
    wait_for_input();
    if (PQconsumeInput(handle()) == 0 && PQisBusy(handle()) != 0) {
      throw_lost();
    }
  }
  Result result(PQgetResult(handle()));
  if (!result) {
    running_.store(false);
    if (PQstatus(handle()) != CONNECTION_OK) {
      throw_lost();
    }
  }
  return result;
}

Result Session::finish(Result failure) {
  try {
    while (Result result = next_result()) {
      if (!failure && has_failed(result.get())) {
        failure = std::move(result);
      }
    }
  } catch (const PostgresError&) {
    if (!failure) {
      throw;
    }
    // The server's last words say why it ended the connection.
  }
  return failure;
}

void Session::run(const std::string& sql) {
  send(sql);
  if (const Result failure = finish()) {
    throw statement_error(failure.get(), sql, place_, {});
  }
}

void Session::begin_copy(const std::string& sql) {
  send(sql);
  Result result = next_result();
  if (result && PQresultStatus(result.get()) == PGRES_COPY_IN) {
    // Whoever waits for a server that does not read must still hear of its end, or of ours.
    if (PQsetnonblocking(handle(), 1) == 0) {
      return;
    }
    abandon_copy();
    throw_lost();
  }
  const bool failed = result && has_failed(result.get());
  const Result failure = finish(failed ? std::move(result) : Result());
  if (failure) {
    throw statement_error(failure.get(), sql, place_, {});
  }
}

void Session::put(std::string_view data) {
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, kCopyPiece);
    const int taken = PQputCopyData(handle(), piece.data(), static_cast<int>(piece.size()));
    if (taken < 0) {
      throw_lost();
    }
    flush();
    if (taken > 0) {
      data.remove_prefix(piece.size());
    }
  }
}

void Session::end_copy(const std::string& sql) {
  if (PQputCopyEnd(handle(), nullptr) < 0) {
    throw_lost();
  }
  flush();
  const Result failure = finish();
  (void)PQsetnonblocking(handle(), 0);
  if (failure) {
    throw statement_error(failure.get(), sql, place_, {});
  }
}

Result Session::abandon_copy() noexcept {
  try {
    if (!connection_) {
      return {};
    }
    if (PQstatus(handle()) != CONNECTION_OK) {
      // They were read already, but libpq shows them behind the end of the COPY only.
      (void)PQputCopyEnd(handle(), nullptr);
      Result words(PQgetResult(handle()));
      const bool is_told = words && PQresultErrorField(words.get(), PG_DIAG_SQLSTATE);
      return is_told ? std::move(words) : Result();
    }
    // Nothing where the statement is over already.
    if (PQputCopyEnd(handle(), "its rows are not wanted any more") == 1) {
      flush();
    }
    (void)finish();
    (void)PQsetnonblocking(handle(), 0);
  } catch (const std::exception& error) {
    log(LogLevel::debug, kLogger, std::string("A COPY could not be ended: ") + error.what());
  }
  return {};
}

// Until the system has taken all that waits to be sent.
void Session::flush() {
  for (;;) {
    const int left = PQflush(handle());
    if (left == 0) {
      return;
    }
    if (left < 0) {
      throw_lost();
    }
    // What the server says meanwhile must be read, or both would wait for each other.
    if ((wait_for(POLLOUT) & POLLIN) != 0 && PQconsumeInput(handle()) == 0) {
      throw_lost();
    }
  }
}

short Session::wait_for(short events) {
  Clock::time_point give_up = Clock::time_point::max();
  for (;;) {
    // Once it was interrupted, the server has a bounded time to say so.
    if (interrupted_.load() && give_up == Clock::time_point::max()) {
      give_up = Clock::now() + kObeyLimit;
    }
    const auto wanted = static_cast<short>(POLLIN | events);
    std::array<pollfd, 2> entries{pollfd{.fd = PQsocket(handle()), .events = wanted, .revents = 0},
                                  pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    int limit = -1;
    if (give_up != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<milliseconds>(give_up - Clock::now());
      if (left.count() <= 0) {
        connection_.reset();
        throw PostgresError(ResolvableBy::platform, "57014",
                            {.what = "The statement was interrupted.",
                             .why = "The " + place_ + " did not say that it ended the statement.",
                             .consequence = "The connection was given up; whether the statement "
                                            "took effect is not known."});
      }
      limit = static_cast<int>(std::min(left, kCancelAgain).count());
    }
    const int ready = poll(entries.data(), entries.size(), limit);
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (ready == 0) {
      cancel();
    }
    if (entries[0].revents != 0) {
      return entries[0].revents;
    }
    if (entries[1].revents != 0) {
      std::uint64_t ignored = 0;
      (void)!read(wake_.get(), &ignored, sizeof ignored);
    }
  }
}

void Session::throw_lost() {
  running_.store(false);
  std::string message = message_of(handle());
  throw PostgresError(ResolvableBy::platform, "",
                      {.what = "The connection to the " + place_ + " was lost.",
                       .why = std::move(message),
                       .consequence = "Whether the statement at work took effect is not known; an "
                                      "open transaction was rolled back.",
                       .countermeasure = "Run the job again when the server can be reached."});
}

bool has_failed(const PGresult* result) noexcept {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool Session::is_connected() noexcept {
  PGconn* connection = handle();
  if (!connection || !is_ours() || PQstatus(connection) != CONNECTION_OK) {
    return false;
  }
  // What came meanwhile is either news from a live server or the end of the connection.
  pollfd entry{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
  while (poll(&entry, 1, 0) > 0) {
    if (PQconsumeInput(connection) == 0) {
      return false;
    }
    (void)PQisBusy(connection);
    if (PQstatus(connection) != CONNECTION_OK) {
      return false;
    }
  }
  return true;
}

void Session::interrupt() noexcept {
  interrupted_.store(true);
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
  if (running_.load()) {
    cancel();
  }
}

void Session::cancel() noexcept {
  std::array<char, kCancelMessage> reason{};
  if (PQcancel(cancel_.get(), reason.data(), static_cast<int>(reason.size())) == 0) {
    log(LogLevel::warning, kLogger,
        "The statement at work could not be cancelled: " + std::string(reason.data()));
  }
}

}  // namespace vdk::postgres
