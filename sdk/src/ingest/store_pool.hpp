// The connections of one section and target that loads into its tables share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "vdk/ingest/table_store.hpp"

namespace vdk {

// Owns the stores that wait for their next use. Any thread may call.
class StorePool {
 public:
  using Open = std::function<std::unique_ptr<TableStore>()>;
  explicit StorePool(Open open) : open_(std::move(open)) {}

  struct Attempt {
    std::string table;           // for messages
    std::chrono::seconds retry;  // how long lost connections are opened again
    // The whole of a transaction.
    std::function<void(TableStore&)> work;
    // Tells after a lost connection whether the work was committed; empty: it was not.
    std::function<bool(TableStore&)> is_done{};
  };
  // Does the work on a store, and again where it met another transaction or lost its connection.
  // Whatever else it throws passes, after a rollback.
  void run(const Attempt& attempt);

 private:
  std::unique_ptr<TableStore> take();
  void give(std::unique_ptr<TableStore> store);
  void undo(std::unique_ptr<TableStore> store);

  Open open_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<TableStore>> idle_;
};

}  // namespace vdk
