#include "ingest/commit_queue.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

// Signals are for the host's threads: a worker must not be the one that a handler interrupts.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &former_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t former_{};
};

}  // namespace

void CommitQueue::push(Lane& lane, Item item) {
  const std::lock_guard lock(mutex_);
  ensure_worker();
  lane.committer.count_sent(item.batch.rows());
  bytes_ += item.bytes;
  lane.waiting_rows += item.batch.rows();
  lane.waiting.push_back(std::move(item));
  ++lane.pushed;
  schedule_if_ready(lane);
}

// Whether there is something to do that should not wait for more: a whole group of rows, the end of
// the load, or somebody who waits for it.
bool CommitQueue::is_ready(const Lane& lane) const {
  if (lane.waiting.empty()) return false;
  const std::size_t group = lane.committer.row_group();
  const bool has_group = lane.taken_rows / group != (lane.taken_rows + lane.waiting_rows) / group;
  return has_group || !lane.committer.takes_many() || lane.waiting.back().ends_load ||
         lane.finished < lane.wanted || (senders_ > 0 && bytes_ > settings_().queue_bytes);
}

void CommitQueue::schedule_if_ready(Lane& lane) {
  if (lane.scheduled || !is_ready(lane)) {
    if (!lane.scheduled && !lane.waiting.empty()) held_.insert(&lane);
    return;
  }
  held_.erase(&lane);
  lane.scheduled = true;
  runnable_.push_back(&lane);
  work_.notify_one();
}

void CommitQueue::ensure_worker() {
  if (idle_ > runnable_.size() || workers_.size() >= settings_().threads) return;
  try {
    const BlockedSignals blocked;
    workers_.emplace_back([this] { work_until_stopped(); });
  } catch (const std::system_error& error) {
    if (!workers_.empty()) return;  // those that there are do the work
    throw platform_error(
        {.what = "No thread can be started that stores the rows sent for ingestion.",
         .why = error.what(),
         .consequence = "Rows were not stored.",
         .countermeasure = "Raise the limit of threads of the account or of the container."});
  }
}

void CommitQueue::wait_for_room() {
  const std::size_t limit = settings_().queue_bytes;
  if (bytes_ <= limit) return;
  std::unique_lock lock(mutex_);
  ++senders_;
  for (Lane* lane : std::vector(held_.begin(), held_.end())) schedule_if_ready(*lane);
  room_.wait(lock, [&] { return bytes_ <= limit; });
  --senders_;
}

void CommitQueue::wait_for(Lane& lane) {
  Lane* const lanes[] = {&lane};
  wait_for(lanes);
}

void CommitQueue::wait_for(std::span<Lane* const> lanes) {
  std::vector<std::pair<const Lane*, std::uint64_t>> targets;
  targets.reserve(lanes.size());
  std::unique_lock lock(mutex_);
  for (Lane* lane : lanes) {
    targets.emplace_back(lane, lane->pushed);
    lane->wanted = lane->pushed;
    schedule_if_ready(*lane);
  }
  done_.wait(lock, [&targets] {
    return std::ranges::all_of(
        targets, [](const auto& each) { return each.first->finished >= each.second; });
  });
}

void CommitQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void CommitQueue::work_until_stopped() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_.wait(lock, [this] { return stopping_ || !runnable_.empty(); });
    --idle_;
    if (stopping_) return;
    Lane& lane = *runnable_.front();
    runnable_.pop_front();
    if (const Item& first = lane.waiting.front(); !first.ends_load) {
      lock.unlock();
      lane.committer.prepare(first);  // which stays where it is: others only append
      lock.lock();
      if (!is_ready(lane)) {  // as the sink tells only now
        lane.scheduled = false;
        held_.insert(&lane);
        continue;
      }
    }
    std::vector<Item> items = take_items(lane);
    lock.unlock();
    const std::size_t count = items.size();
    std::size_t bytes = 0;
    for (const Item& item : items) bytes += item.bytes;
    if (items.front().ends_load) {
      lane.committer.end_load(items.front().step);
    } else {
      lane.committer.commit(std::move(items));  // whose memory is free when it returns
    }
    lock.lock();
    lane.finished += count;
    bytes_ -= bytes;
    room_.notify_all();
    done_.notify_all();
    lane.scheduled = false;
    schedule_if_ready(lane);
  }
}

// As many batches of one load as are committed together: whole groups of rows where there are any,
// and what is left of the load with the last of them.
std::vector<Item> CommitQueue::take_items(Lane& lane) {
  std::vector<Item> items;
  const std::size_t group = lane.committer.row_group();
  std::size_t rows = lane.taken_rows;
  std::size_t whole_items = 0;  // those that end with a group
  std::size_t whole_rows = 0;
  std::size_t bytes = 0;
  // What a sink of the host's language has stored of several, nobody could tell.
  const bool many = lane.committer.takes_many() && !lane.waiting.front().batch.host_rows();
  do {
    bytes += lane.committer.bytes_to_store(lane.waiting.front());
    items.push_back(std::move(lane.waiting.front()));
    lane.waiting.pop_front();
    rows += items.back().batch.rows();
    if (rows % group != 0) continue;
    whole_items = items.size();
    whole_rows = rows;
  } while (many && !items.back().ends_load && !lane.waiting.empty() &&
           !lane.waiting.front().ends_load && lane.waiting.front().step == items.back().step &&
           bytes + lane.committer.bytes_to_store(lane.waiting.front()) <= settings_().commit_bytes);
  const bool ends =
      items.back().ends_load || (!lane.waiting.empty() && lane.waiting.front().ends_load);
  if (whole_items != 0 && !ends) {
    for (; items.size() > whole_items; items.pop_back()) {
      lane.waiting.push_front(std::move(items.back()));
    }
    rows = whole_rows;
  }
  for (const Item& item : items) lane.waiting_rows -= item.batch.rows();
  lane.taken_rows = items.back().ends_load ? 0 : rows;
  return items;
}

}  // namespace vdk
