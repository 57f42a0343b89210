// Work on many pieces at once whose results are taken one after another.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace vdk::csv {

// Calls work(0, …), work(1, …) up to `count` in `threads` threads, each with a scratch of its own,
// at most one piece more than `threads` ahead of what was taken. With fewer than two threads or
// pieces, or where no thread can be started, take() does the work itself. Taken from one thread.
template <class Result, class Scratch>
class InOrder {
 public:
  using Work = std::function<Result(std::size_t, Scratch&)>;

  InOrder(std::size_t count, std::size_t threads, Work work)
      : count_(count), ahead_(threads), work_(std::move(work)) {
    if (threads < 2 || count < 2) return;
    // Signals are the business of the program's own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (std::size_t i = 0; i < threads && i < count; ++i) {
        threads_.emplace_back([this] { work_until_stopped(); });
      }
    } catch (const std::system_error&) {
      // Those that could be started do the work.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~InOrder() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;

  // The next result, or what its work threw; nothing at the end.
  [[nodiscard]] std::optional<Result> take() {
    if (taken_ == count_) return std::nullopt;
    if (threads_.empty()) return work_(taken_++, scratch_);
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return done_.contains(taken_); });
    Done done = std::move(done_.extract(taken_).mapped());
    ++taken_;
    lock.unlock();
    wake_.notify_one();
    if (done.failure) std::rethrow_exception(done.failure);
    return std::move(done.result);
  }

 private:
  struct Done {
    std::optional<Result> result;
    std::exception_ptr failure;
  };

  void work_until_stopped() {
    Scratch scratch;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock,
                 [this] { return stopping_ || started_ == count_ || started_ <= taken_ + ahead_; });
      if (stopping_ || started_ == count_) return;
      const std::size_t piece = started_++;
      lock.unlock();
      Done done;
      try {
        done.result = work_(piece, scratch);
      } catch (...) {
        done.failure = std::current_exception();
      }
      lock.lock();
      done_.emplace(piece, std::move(done));
      ready_.notify_one();
    }
  }

  const std::size_t count_;
  const std::size_t ahead_;
  Work work_;
  Scratch scratch_;  // of take()
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ready_;
  std::map<std::size_t, Done> done_;
  std::size_t started_ = 0;
  std::size_t taken_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace vdk::csv
