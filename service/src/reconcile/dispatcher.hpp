// Brings executions to the executor, and what becomes of them to the database.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "executor/executor.hpp"
#include "model/execution.hpp"
#include "reconcile/heartbeat.hpp"
#include "reconcile/worker.hpp"
#include "reconcile/workshop.hpp"

namespace vdk::service {

// Executions that no replica has taken yet.
enum class Unowned { claim, leave };

// An execution belongs to the node that claimed it, across restarts of that node: it alone starts,
// watches and ends it. Each step can be done again after a crash: an attempt has one name, and the
// executor starts it once. Nothing is started while the others may think that this replica is gone.
class Dispatcher {
 public:
  // `node` names this replica's executor for good.
  // Every job is told where to find this service by `service_url`.
  Dispatcher(Database& database, Workshop& workshop, Executor& executor, std::string node,
             std::string service_url, const Heartbeat& heartbeat, Unowned unowned);
  // What runs goes on running, and is found again by the next one.
  ~Dispatcher();

  // Something was asked for: an execution, a cancellation. Any thread.
  void wake() { worker_.wake(); }

 private:
  void round();
  void claim();
  void end_disowned();
  void tell_cancellations(const std::vector<Execution>& open);
  void starter();
  void start(const std::string& id);
  void record(const Attempt& attempt);

  Database& database_;
  Workshop& workshop_;
  Executor& executor_;
  const std::string node_;
  const std::string service_url_;
  const Heartbeat& heartbeat_;
  const Unowned unowned_;
  std::optional<FencingToken> looked_over_;  // the heartbeat since which nobody else decided here

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::deque<std::string> to_start_;  // ids
  std::deque<Attempt> told_;          // by the executor, not yet written down
  std::vector<std::thread> starters_;
  Worker worker_;
};

}  // namespace vdk::service
