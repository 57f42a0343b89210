// Makes of what was asked for what runs: sources unpacked, environment made, schedule set.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "model/deployment.hpp"
#include "reconcile/deployment_check.hpp"
#include "reconcile/leadership.hpp"
#include "reconcile/worker.hpp"
#include "reconcile/workshop.hpp"
#include "store/deployment_store.hpp"

namespace vdk::service {

// A few deployments at a time, each in a thread of its own, so that one which takes long keeps
// nobody waiting. What it does is written down under the generation that it worked for: whoever
// asked for something else in the meantime wins, and a round that is done again changes nothing.
// What fails by no fault of the job's is tried again, after pauses that grow. The leader alone does
// so, and one that no longer leads writes nothing.
class Synchronizer {
 public:
  // `schedules_changed` is called after a schedule was set or removed.
  Synchronizer(Database& database, Workshop& workshop, const Leadership& leadership,
               DeploymentCheck check, std::function<void()> schedules_changed);
  ~Synchronizer();

  void wake() { worker_.wake(); }

 private:
  struct Retry {
    std::int64_t generation = 0;
    std::chrono::steady_clock::time_point next;
    std::chrono::seconds pause{5};
  };

  void round();
  [[nodiscard]] bool is_due(const OpenDeployment& deployment);
  void deploy(const std::string& job_name, FencingToken token);

  Database& database_;
  Workshop& workshop_;
  const Leadership& leadership_;
  const DeploymentCheck check_;
  const std::function<void()> schedules_changed_;
  std::mutex mutex_;
  std::map<std::string, std::thread> at_work_;
  std::vector<std::string> done_;
  std::map<std::string, Retry> retries_;  // of the round's thread
  bool is_ending_ = false;
  Worker worker_;
};

}  // namespace vdk::service
