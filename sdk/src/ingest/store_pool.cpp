#include "ingest/store_pool.hpp"

#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "vdk/base/backoff.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kLogger = "vdk.ingest";
constexpr BackoffRules kBetweenConflicts{
    .attempts = 12, .first = milliseconds(2), .factor = 2, .longest = milliseconds(1000)};
constexpr BackoffRules kBetweenConnections{.attempts = std::numeric_limits<int>::max(),
                                           .first = milliseconds(100),
                                           .factor = 2,
                                           .longest = milliseconds(5000)};

}  // namespace

std::unique_ptr<TableStore> StorePool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto store = std::move(idle_.back());
      idle_.pop_back();
      return store;
    }
  }
  return open_();
}

void StorePool::give(std::unique_ptr<TableStore> store) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(store));
}

void StorePool::undo(std::unique_ptr<TableStore> store) {
  if (!store) return;
  store->rollback();
  give(std::move(store));
}

void StorePool::run(const Attempt& attempt) {
  Backoff between_conflicts(kBetweenConflicts);
  Backoff between_connections(kBetweenConnections);
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool may_be_done = false;  // for good: the server may end a commit after its client is gone
  bool asked_again = false;
  for (;;) {
    std::unique_ptr<TableStore> store;
    try {
      store = take();
      const bool is_done = may_be_done && attempt.is_done && attempt.is_done(*store);
      if (!is_done) attempt.work(*store);
      return give(std::move(store));
    } catch (const ConnectionLost& lost) {
      may_be_done = may_be_done || store != nullptr;
      const auto now = std::chrono::steady_clock::now();
      if (!deadline) deadline = now + attempt.retry;
      if (now >= *deadline) throw;
      log(LogLevel::warning, kLogger,
          fmt::format("The connection for the table {} was lost and is opened again: {}",
                      attempt.table, lost.what()));
      std::this_thread::sleep_for(*between_connections.next());
    } catch (const TransactionConflict&) {
      undo(std::move(store));
      const auto pause = between_conflicts.next();
      if (!pause) throw;
      std::this_thread::sleep_for(*pause);
    } catch (...) {
      undo(std::move(store));
      // It may have met what the lost connection has done after all.
      if (!may_be_done || !attempt.is_done || asked_again) throw;
      asked_again = true;
    }
  }
}

}  // namespace vdk
