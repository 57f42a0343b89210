#include "schedule/scheduler_thread.hpp"

#include <algorithm>

namespace vdk::service {

SchedulerThread::SchedulerThread(Scheduler& scheduler, Lease& lease)
    : scheduler_(scheduler), lease_(lease), thread_([this] { run(); }) {}

SchedulerThread::~SchedulerThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  try {
    lease_.release();
  } catch (const std::exception&) {
    // The store is out of reach: the lease runs out by itself.
  }
}

void SchedulerThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void SchedulerThread::run() {
  // A wait that is not longer notices a clock that somebody set.
  constexpr std::chrono::nanoseconds longest = std::chrono::seconds(1);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (woken_) scheduler_.expect_changes();
    woken_ = false;
    lock.unlock();
    const std::chrono::nanoseconds pause = std::min(scheduler_.step(), longest);
    lock.lock();
    if (pause.count() > 0) changed_.wait_for(lock, pause, [this] { return woken_ || ending_; });
  }
}

}  // namespace vdk::service
