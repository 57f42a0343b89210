#include "schedule/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace vdk::service {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

// How far missed times are counted.
constexpr unsigned kMostCounted = 1000;

}  // namespace

Scheduler::Scheduler(FireStore& store, Lease& lease, const Clock& clock,
                     SchedulerObserver& observer, SchedulerSettings settings)
    : store_(store), lease_(lease), clock_(clock), observer_(observer), settings_(settings) {}

nanoseconds Scheduler::step() {
  try {
    if (clock_.elapsed() < retry_at_) return until_next();
    const std::optional<FencingToken> token = lease_.maintain();
    if (!token) {
      stand_by();
      return until_next();
    }
    lead(*token);
    retry_ = {};
  } catch (const Fenced&) {
    lease_.lose();
    stand_by();
  } catch (const std::exception& error) {
    retry_ = std::clamp(retry_ * 2, settings_.retry_first, settings_.retry_most);
    retry_at_ = clock_.elapsed() + retry_;
    observer_.failed(error, retry_);
  }
  return until_next();
}

void Scheduler::lead(FencingToken token) {
  const auto now = std::chrono::floor<seconds>(clock_.now());
  if (token_ != token) {
    stand_by();
    last_now_ = now;
    read_changes();
    token_ = token;
    observer_.became_scheduler(token, entries_.size());
  }
  insert_pending();  // what an error left over comes first
  notice_clock_set_back(now);
  if (clock_.elapsed() >= changes_at_) read_changes();
  collect_due(now);
  insert_pending();
}

void Scheduler::stand_by() {
  if (token_) observer_.stands_by();
  token_.reset();
  revision_ = 0;
  entries_.clear();
  queue_ = {};
  pending_.clear();
}

void Scheduler::read_changes() {
  ScheduleChanges changes = store_.changes_since(revision_, last_now_);
  for (const std::string& deployment : changes.removed) entries_.erase(deployment);
  for (Schedule& schedule : changes.changed) put(std::move(schedule));
  revision_ = changes.revision;
  changes_at_ = clock_.elapsed() + settings_.changes_every;
}

void Scheduler::expect_changes() noexcept { changes_at_ = {}; }

void Scheduler::put(Schedule schedule) {
  sys_seconds considered = std::max(schedule.since, schedule.last_fire.value_or(schedule.since));
  // Told again without a change: what was passed over here is not gone through again.
  const auto known = entries_.find(schedule.deployment);
  if (known != entries_.end() && known->second.schedule.since == schedule.since) {
    considered = std::max(considered, known->second.considered);
  }
  // A change that was made by a clock ahead of this one counts from now.
  considered = std::min(considered, last_now_);
  const std::string deployment = schedule.deployment;
  Entry entry{.schedule = std::move(schedule), .considered = considered};
  enqueue(deployment, entries_.insert_or_assign(deployment, std::move(entry)).first->second);
}

void Scheduler::enqueue(const std::string& deployment, Entry& entry) {
  entry.generation = ++generations_;  // the item before, if any, counts no more
  if (const auto next = entry.schedule.cron.next(entry.considered)) {
    queue_.push({*next, deployment, entry.generation});
  }
}

// The times until the clock is where it was are gone through again; the store knows which of them
// were fired.
void Scheduler::notice_clock_set_back(sys_seconds now) {
  const bool set_back = now < last_now_;
  last_now_ = now;
  if (!set_back) return;
  queue_ = {};
  for (auto& [deployment, entry] : entries_) {
    entry.considered = std::min(entry.considered, now);
    enqueue(deployment, entry);
  }
}

void Scheduler::collect_due(sys_seconds now) {
  while (!queue_.empty() && queue_.top().time <= now && pending_.size() < settings_.batch) {
    const Due due = queue_.top();
    queue_.pop();
    const auto found = entries_.find(due.deployment);
    if (found == entries_.end() || found->second.generation != due.generation) continue;
    collect(found->second, now);
    enqueue(due.deployment, found->second);
  }
}

// Of the times after entry.considered up to now: all of the grace, the latest before it as far as
// the schedule has missed times made up for, and none beyond its deadline.
void Scheduler::collect(Entry& entry, sys_seconds now) {
  const Schedule& schedule = entry.schedule;
  const sys_seconds from = entry.considered;
  sys_seconds earliest = from + seconds(1);
  if (schedule.starting_deadline) {
    earliest = std::max(earliest, now - *schedule.starting_deadline);
  }

  std::vector<sys_seconds> times;
  const sys_seconds graced = std::max(earliest, now - settings_.grace);
  sys_seconds at = schedule.cron.latest(from, graced - seconds(1)).value_or(from);
  for (auto next = schedule.cron.next(at); next && *next <= now; next = schedule.cron.next(at)) {
    at = *next;
    times.push_back(at);
  }
  entry.considered = at;  // the last one there was, fired or not: `@every` counts from it

  std::ranges::reverse(times);
  while (times.size() < schedule.catch_up) {
    const sys_seconds before = times.empty() ? now : times.back() - seconds(1);
    const auto missed = schedule.cron.latest(from, before);
    if (!missed || *missed < earliest) break;
    times.push_back(*missed);
  }
  std::ranges::reverse(times);

  const sys_seconds until = times.empty() ? at : times.front() - seconds(1);
  unsigned count = 0;
  for (auto next = schedule.cron.next(from); next && *next <= until && count < kMostCounted;
       next = schedule.cron.next(*next)) {
    ++count;
  }
  if (count > 0) observer_.missed(schedule.deployment, from, until, count);
  for (const sys_seconds time : times) {
    pending_.push_back({schedule.deployment, schedule.since, time, schedule.overlap});
  }
}

void Scheduler::insert_pending() {
  if (pending_.empty()) return;
  const std::vector<FireResult> results = store_.insert(pending_, *token_);
  const TimePoint now = clock_.now();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    observer_.fired(pending_[i], results.at(i), now - pending_[i].time);
  }
  pending_.clear();
}

nanoseconds Scheduler::until_next() const {
  const nanoseconds elapsed = clock_.elapsed();
  if (elapsed < retry_at_) return retry_at_ - elapsed;
  nanoseconds pause = lease_.until_due();
  if (token_) {
    pause = std::min(pause, changes_at_ - elapsed);
    if (!queue_.empty()) {
      pause = std::min<nanoseconds>(pause, queue_.top().time - clock_.now());
    }
  }
  return std::max(nanoseconds(0), pause);
}

}  // namespace vdk::service
