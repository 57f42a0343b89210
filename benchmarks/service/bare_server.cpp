// The peer of the Control Service: a server of the same HTTP library that does what is measured and
// nothing else.
//
//   bare_server none                answers every request with one text
//   bare_server sqlite FILE         ... with the job that the path names, asked of the database
//   bare_server postgres CONNINFO
//
// It writes "port N" to its standard output when it listens, and runs until it is killed.
#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <libpq-fe.h>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

// What the service asks for a job, as it asks it.
constexpr const char* kSql =
    "SELECT name, team, description, schedule, contacts, db_default_type, generate_keytab, "
    "has_keytab, enable_execution_notifications, notification_delay_minutes, source_version "
    "FROM job WHERE name = $1 AND team = $2";
constexpr int kColumns = 11;
constexpr int kThreads = 16;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "bare_server: %s\n", why.c_str());
  std::exit(1);
}

// One connection to the database; each thread has its own.
class Source {
 public:
  virtual ~Source() = default;
  // The row as text, or nothing where there is none.
  virtual std::string find(const std::string& team, const std::string& job) = 0;
};

void add_column(std::string& text, const char* value) {
  text += text.empty() ? "{\"" : ",\"";
  text += value != nullptr ? value : "null";
  text += '"';
}

class SqliteSource : public Source {
 public:
  explicit SqliteSource(const std::string& file) {
    sqlite3* database = nullptr;
    if (sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK ||
        sqlite3_prepare_v2(database, kSql, -1, &statement_, nullptr) != SQLITE_OK) {
      fail(sqlite3_errmsg(database));
    }
  }
  std::string find(const std::string& team, const std::string& job) override {
    sqlite3_reset(statement_);
    sqlite3_bind_text(statement_, 1, job.data(), static_cast<int>(job.size()), SQLITE_STATIC);
    sqlite3_bind_text(statement_, 2, team.data(), static_cast<int>(team.size()), SQLITE_STATIC);
    std::string text;
    if (sqlite3_step(statement_) == SQLITE_ROW) {
      for (int i = 0; i < kColumns; ++i) {
        add_column(text, reinterpret_cast<const char*>(sqlite3_column_text(statement_, i)));
      }
      text += '}';
    }
    sqlite3_reset(statement_);
    return text;
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

class PostgresSource : public Source {
 public:
  explicit PostgresSource(const std::string& conninfo)
      : connection_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) fail(PQerrorMessage(connection_));
    PQclear(PQprepare(connection_, "job", kSql, 2, nullptr));
  }
  std::string find(const std::string& team, const std::string& job) override {
    const std::array<const char*, 2> values{job.c_str(), team.c_str()};
    PGresult* result = PQexecPrepared(connection_, "job", 2, values.data(), nullptr, nullptr, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) fail(PQerrorMessage(connection_));
    std::string text;
    if (PQntuples(result) > 0) {
      for (int i = 0; i < kColumns; ++i) {
        add_column(text, PQgetisnull(result, 0, i) != 0 ? nullptr : PQgetvalue(result, 0, i));
      }
      text += '}';
    }
    PQclear(result);
    return text;
  }

 private:
  PGconn* connection_;
};

std::string kind;
std::string place;

std::string answer(std::string_view target) {
  if (kind == "none") return "{}";
  thread_local const std::unique_ptr<Source> source =
      kind == "sqlite" ? std::unique_ptr<Source>(std::make_unique<SqliteSource>(place))
                       : std::make_unique<PostgresSource>(place);
  // /data-jobs/for-team/TEAM/jobs/JOB
  std::vector<std::string> parts;
  for (std::size_t begin = 1; begin <= target.size();) {
    const auto end = std::min(target.find('/', begin), target.size());
    parts.emplace_back(target.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts.size() == 5 ? source->find(parts[2], parts[4]) : std::string();
}

asio::awaitable<void> serve(beast::tcp_stream stream) {
  beast::flat_buffer buffer;
  try {
    for (;;) {
      beast::http::request<beast::http::empty_body> request;
      co_await beast::http::async_read(stream, buffer, request, asio::use_awaitable);
      beast::http::response<beast::http::string_body> response;
      response.body() = answer({request.target().data(), request.target().size()});
      response.result(response.body().empty() ? 404 : 200);
      response.set(beast::http::field::content_type, "application/json");
      response.keep_alive(request.keep_alive());
      response.prepare_payload();
      co_await beast::http::async_write(stream, response, asio::use_awaitable);
      if (!response.keep_alive()) co_return;
    }
  } catch (const boost::system::system_error&) {
    // The client left.
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), serve(beast::tcp_stream(std::move(socket))),
                   asio::detached);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) fail("none | sqlite FILE | postgres CONNINFO");
  kind = words[1];
  place = count > 2 ? words[2] : "";
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  asio::co_spawn(context, accept(acceptor), asio::detached);
  std::printf("port %d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { context.run(); });
  for (auto& thread : threads) thread.join();
}
