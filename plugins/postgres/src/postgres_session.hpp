// One session with a server: the connection, its results, and what ends a statement early.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "postgres_settings.hpp"

namespace vdk::postgres {

struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;
[[nodiscard]] bool has_failed(const PGresult* result) noexcept;

// One thread at a time, but interrupt() from any.
class Session {
 public:
  // Throws Error: configuration where the log-in is refused, platform where there is no server.
  explicit Session(const Settings& settings);
  // In a forked child it leaves the parent's session alone.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] PGconn* handle() const noexcept { return connection_.get(); }
  [[nodiscard]] const Engine& engine() const noexcept { return engine_; }
  // "PostgreSQL database d at h:5432"
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

  // Sends a text of one or several statements; next_result() then gives what comes back, row by
  // row, and null at the end. Throw PostgresError where the connection is lost.
  void send(const std::string& sql);
  [[nodiscard]] Result next_result();
  // Reads to the end of what was sent; `failure`, else the first failure that comes, or null.
  [[nodiscard]] Result finish(Result failure = {});
  // Runs a text without rows to its end. Throws PostgresError.
  void run(const std::string& sql);

  // COPY FROM STDIN: the statement, its data in pieces, its end. A failure of the rows may show at
  // the end only. put() returns once the piece is handed over, so that no more than one waits in
  // memory. Where put() throws, the statement still wants its end: abandon_copy() undoes it, and
  // returns the server's last words where it ended the connection.
  void begin_copy(const std::string& sql);
  void put(std::string_view data);
  void end_copy(const std::string& sql);
  Result abandon_copy() noexcept;

  // The backends of this process's sessions, as an array of PostgreSQL: "{12,34}".
  [[nodiscard]] static std::string own_backends();
  [[nodiscard]] bool is_connected() noexcept;
  // False in a forked child.
  [[nodiscard]] bool is_ours() const noexcept;
  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(); }
  void clear_interrupt() noexcept { interrupted_.store(false); }

 private:
  class Descriptor {
   public:
    Descriptor();
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return number_; }

   private:
    int number_;
  };
  struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  struct FreeCancel {
    void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
  };

  void connect(const Settings& settings);
  void make_text_forms_exact();
  void end_with_its_client(const Settings& settings);
  void wait_for_input() { (void)wait_for(0); }
  // Waits for input, or for one of these events of the socket too; returns what came.
  short wait_for(short events);
  void flush();
  void cancel() noexcept;
  [[noreturn]] void throw_lost();

  Engine engine_;
  std::string place_;
  Descriptor wake_;  // readable once a statement was interrupted
  std::unique_ptr<PGconn, Finish> connection_;
  std::unique_ptr<PGcancel, FreeCancel> cancel_;
  int owner_;  // the process
  int backend_ = 0;
  std::atomic<bool> running_{false};
  std::atomic<bool> interrupted_{false};
};

}  // namespace vdk::postgres
