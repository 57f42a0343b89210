// The batches that wait to be stored, within a bound of bytes, and the threads that store them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "ingest/lane.hpp"

namespace vdk {

// Works off every lane in order, one thread to a lane at a time and as many lanes at once as
// `ingester_number_of_worker_threads` allows. Borrows the lanes until stop(). Any thread may call
// push and wait; threads are started by need, and none before the first push.
class CommitQueue {
 public:
  explicit CommitQueue(LateSettings& settings) : settings_(settings) {}
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  ~CommitQueue() { stop(); }

  // Never waits. The caller holds the lane's `gathering`, so that items are queued in the order in
  // which their rows came. Throws Error (platform) where no thread can be started.
  void push(Lane& lane, Item item);

  // Until no more than `ingest_queue_bytes` wait.
  void wait_for_room();
  // Until what was pushed so far has been tried.
  void wait_for(Lane& lane);
  void wait_for(std::span<Lane* const> lanes);

  // Joins the threads; what waits is dropped. Nothing is pushed afterwards.
  void stop();

 private:
  [[nodiscard]] bool is_ready(const Lane& lane) const;
  void schedule_if_ready(Lane& lane);
  void ensure_worker();
  void work_until_stopped();
  std::vector<Item> take_items(Lane& lane);

  LateSettings& settings_;
  std::mutex mutex_;  // guards what follows, and the lanes' part
  std::condition_variable work_;
  std::condition_variable room_;
  std::condition_variable done_;
  std::deque<Lane*> runnable_;
  std::set<Lane*> held_;     // that have something waiting, but better with what is still to come
  std::size_t senders_ = 0;  // that wait for room
  std::vector<std::thread> workers_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> bytes_{0};  // written under the mutex, read without it
};

}  // namespace vdk
