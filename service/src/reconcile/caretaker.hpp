// What becomes of the executions of a replica that does not live any more.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "executor/executor.hpp"
#include "executor/process_executor.hpp"
#include "reconcile/dispatcher.hpp"
#include "reconcile/heartbeat.hpp"
#include "reconcile/workshop.hpp"
#include "store/replica_store.hpp"

namespace vdk::service {

// How the executors of other replicas on this machine are reached, by their data directories.
struct Neighbours {
  // The executor itself; null where a living process has it. Throws Error where it cannot be had.
  std::function<std::unique_ptr<Executor>(const std::filesystem::path& directory)> open;
  // One of its attempts, without touching anything.
  std::function<Observation(const std::filesystem::path& directory, const std::string& attempt_id)>
      observe;
};

// Of replicas whose heartbeat has run out: one whose data directory is here is stood in for, as it
// would do itself after a restart, until it is back or nothing is open; what cannot be reached from
// here is lost, and is said to be. Nothing is given up that a living process of this machine has in
// its hands. Every replica does so; what two of them write about an execution counts once.
class Caretaker {
 public:
  // `own` is this replica, which is never stood in for.
  Caretaker(Database& database, Workshop& workshop, Neighbours neighbours, Replica own,
            std::string service_url, const Heartbeat& heartbeat);

  // One thread at a time.
  void round();

 private:
  struct Charge {
    std::unique_ptr<Executor> executor;
    std::unique_ptr<Dispatcher> dispatcher;
  };

  void care_for(const std::string& node);
  // Of a replica that is here: tells the endings that its supervisors wrote down, and what
  // becomes of those that have none and are not at work.
  enum class Remains { are_left, are_given_up };
  void read_endings(const Replica& replica, Remains remains);
  void give_up(const Execution& execution);

  Database& database_;
  Workshop& workshop_;
  const Neighbours neighbours_;
  const Replica own_;
  const std::string service_url_;
  const Heartbeat& heartbeat_;
  std::map<std::string, Charge> charges_;  // by node
};

}  // namespace vdk::service
