// The scheduler's thread in the service.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "schedule/scheduler.hpp"

namespace vdk::service {

// Runs the scheduler from construction to destruction, which waits for the step at work and then
// releases the lease. The references have to outlive it.
class SchedulerThread {
 public:
  SchedulerThread(Scheduler& scheduler, Lease& lease);
  ~SchedulerThread();
  SchedulerThread(const SchedulerThread&) = delete;
  SchedulerThread& operator=(const SchedulerThread&) = delete;

  // A schedule was changed through this replica: it is read now, not after a second. Any thread.
  void wake();

 private:
  void run();

  Scheduler& scheduler_;
  Lease& lease_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace vdk::service
