// A thread that does its round when it is woken, and otherwise now and then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace vdk::service {

// Runs from construction to destruction, which waits for the round at work. What a round throws is
// logged under `name`, and the next one comes all the same.
class Worker {
 public:
  Worker(std::string name, std::chrono::milliseconds every, std::function<void()> round);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Any thread.
  void wake();

 private:
  void run();

  const std::string name_;
  const std::chrono::milliseconds every_;
  const std::function<void()> round_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = true;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace vdk::service
