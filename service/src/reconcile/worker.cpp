#include "reconcile/worker.hpp"

#include "vdk/base/log.hpp"

namespace vdk::service {

Worker::Worker(std::string name, std::chrono::milliseconds every, std::function<void()> round)
    : name_(std::move(name)), every_(every), round_(std::move(round)), thread_([this] { run(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    changed_.wait_for(lock, every_, [this] { return is_woken_ || is_ending_; });
    if (is_ending_) return;
    is_woken_ = false;
    lock.unlock();
    try {
      round_();
    } catch (const std::exception& error) {
      log(LogLevel::error, "vdk.service." + name_, std::string("will try again: ") + error.what());
    }
    lock.lock();
  }
}

}  // namespace vdk::service
