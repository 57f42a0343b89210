#include "store/database.hpp"

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "store/migrations.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::service {

namespace {

constexpr int kAttemptLimit = 8;
constexpr std::chrono::seconds kConnectionWait{10};

template <typename Number>
Number parse_number(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Full jitter: whoever collided does not collide again at the same moment.
void wait_before_attempt(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const int most = 5 << std::min(attempt, 6);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution<int>(1, most)(random)));
}

}  // namespace

bool Cell::is_null() const { return std::holds_alternative<std::monostate>(value_.data()); }

std::string Cell::text() const {
  if (const auto* text = std::get_if<std::string>(&value_.data())) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value_.data())) {
    return std::to_string(*number);
  }
  return {};
}

std::int64_t Cell::integer() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_.data())) return *number;
  if (const auto* text = std::get_if<std::string>(&value_.data())) {
    return parse_number<std::int64_t>(*text);
  }
  return 0;
}

double Cell::real() const {
  if (const auto* number = std::get_if<double>(&value_.data())) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_.data())) {
    return static_cast<double>(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value_.data())) {
    return parse_number<double>(*text);
  }
  return 0;
}

std::string Cell::bytes() const {
  if (const auto* blob = std::get_if<Blob>(&value_.data())) return blob->bytes;
  return text();
}

std::optional<std::string> Cell::text_if() const {
  return is_null() ? std::nullopt : std::optional(text());
}
std::optional<std::int64_t> Cell::integer_if() const {
  return is_null() ? std::nullopt : std::optional(integer());
}
std::optional<double> Cell::real_if() const {
  return is_null() ? std::nullopt : std::optional(real());
}
std::optional<bool> Cell::flag_if() const {
  return is_null() ? std::nullopt : std::optional(flag());
}
std::optional<Time> Cell::time_if() const {
  return is_null() ? std::nullopt : std::optional(time());
}

// Connections at rest and a count of those at work. A connection is opened when none is free.
class Database::Pool {
 public:
  explicit Pool(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  Lease take() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, kConnectionWait, [this] {
          return !idle_.empty() || open_ < engine_->connection_limit();
        })) {
      throw StoreError(StoreFailure::lost, "every connection to the database is at work");
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(connection)};
    }
    ++open_;
    lock.unlock();
    try {
      return {*this, engine_->connect()};
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  // After a lost connection the others at rest are lost too, most likely.
  void drop_idle() {
    const std::lock_guard lock(mutex_);
    open_ -= idle_.size();
    idle_.clear();
  }

  Engine& engine() { return *engine_; }
  std::mutex& writer() { return writer_; }

 private:
  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (connection && connection->is_usable()) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
    freed_.notify_one();
  }

  std::unique_ptr<Engine> engine_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
  std::mutex writer_;
};

Database::Database(std::unique_ptr<Engine> engine)
    : pool_(std::make_unique<Pool>(std::move(engine))) {}

Database::~Database() = default;

std::string_view Database::engine_name() const noexcept { return pool_->engine().name(); }

void Database::migrate() {
  auto lease = pool_->take();
  apply_migrations(*lease, pool_->engine());
}

SqlResult Database::read_one(std::string_view sql, std::initializer_list<SqlValue> parameters) {
  for (int attempt = 0;; ++attempt) {
    try {
      auto lease = pool_->take();
      return lease->run(sql, parameters);
    } catch (const StoreError& error) {
      const bool again =
          error.failure() == StoreFailure::conflict || error.failure() == StoreFailure::lost;
      if (!again || attempt >= kAttemptLimit) throw;
      if (error.failure() == StoreFailure::lost) pool_->drop_idle();
    }
    wait_before_attempt(attempt);
  }
}

void Database::run_transaction(bool is_write, const std::function<void(Connection&)>& body) {
  for (int attempt = 0;; ++attempt) {
    bool is_committing = false;
    try {
      std::unique_lock<std::mutex> turn;
      if (is_write && pool_->engine().has_one_writer()) turn = std::unique_lock(pool_->writer());
      auto lease = pool_->take();
      try {
        lease->begin(is_write);
        body(*lease);
        is_committing = true;
        lease->commit();
        return;
      } catch (...) {
        lease->roll_back();
        throw;
      }
    } catch (const StoreError& error) {
      const bool is_lost = error.failure() == StoreFailure::lost;
      if (is_lost) pool_->drop_idle();
      // A commit whose answer was lost may have happened: doing it again is not ours to decide.
      const bool again = error.failure() == StoreFailure::conflict || (is_lost && !is_committing);
      if (!again || attempt >= kAttemptLimit) throw;
    }
    wait_before_attempt(attempt);
  }
}

bool Database::is_healthy() noexcept {
  try {
    auto lease = pool_->take();
    lease->run("SELECT 1");
    return true;
  } catch (const std::exception& error) {
    log(LogLevel::warning, "vdk.service.store",
        std::string("the database does not answer: ") + error.what());
    return false;
  }
}

}  // namespace vdk::service
