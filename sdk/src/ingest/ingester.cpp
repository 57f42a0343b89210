#include "ingest/ingester.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <ranges>
#include <span>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "data/batch_rows.hpp"
#include "ingest/fork_guard.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.ingest";

// Rows without values take next to no bytes; this bounds their batches.
constexpr std::size_t kMostRows = 1U << 17U;

struct Settings {
  std::size_t batch_bytes;
  std::size_t queue_bytes;
  std::size_t commit_bytes;
  LoadOptions load_options;  // of loads that do not say otherwise
  std::int64_t most_rejected;
  bool tolerates_rejected;
  bool ends_at_step;
  std::size_t threads;
  bool log_errors;
  bool raise_on_failure;
  bool wait_after_send;
};

std::size_t positive(const Configuration& configuration, std::string_view key) {
  const std::int64_t value = configuration.get_integer(key);
  if (value > 0) return static_cast<std::size_t>(value);
  throw configuration_error(
      {.what = fmt::format("{} must be above 0, and is {}.", key, value),
       .consequence = "Rows cannot be ingested.",
       .countermeasure = fmt::format("Correct {}, or remove it: its default fits.", key)});
}

LoadOptions default_options(const Configuration& configuration) {
  const std::string word = configuration.get_string("ingest_disposition");
  const auto disposition = disposition_of(word);
  if (disposition && *disposition != Disposition::merge) return {.disposition = *disposition};
  throw configuration_error(
      {.what = fmt::format("ingest_disposition must be append or replace, and is '{}'.", word),
       .why = "Merging needs keys, which are given with the rows.",
       .consequence = "Rows cannot be ingested.",
       .countermeasure = "Correct ingest_disposition, or pass disposition='merge' and keys=[...] "
                         "with the rows."});
}

Settings read_settings(const Configuration& configuration) {
  constexpr std::string_view kUpstreamBatchBytes = "ingester_payload_size_bytes_threshold";
  const bool upstream_size = !configuration.is_default(kUpstreamBatchBytes);
  return {.batch_bytes =
              positive(configuration, upstream_size ? kUpstreamBatchBytes : "ingest_batch_bytes"),
          .queue_bytes = positive(configuration, "ingest_queue_bytes"),
          .commit_bytes = positive(configuration, "ingest_commit_bytes"),
          .load_options = default_options(configuration),
          .most_rejected = configuration.get_integer("ingest_max_rejected_rows"),
          .tolerates_rejected = !configuration.get_string("ingest_dead_letter").empty(),
          .ends_at_step = lower(configuration.get_string("ingest_flush")) != "end_of_job",
          .threads = positive(configuration, "ingester_number_of_worker_threads"),
          .log_errors = configuration.get_bool("ingester_log_upload_errors"),
          .raise_on_failure = configuration.get_bool("ingester_should_raise_exception_on_failure"),
          .wait_after_send = configuration.get_bool("ingester_wait_to_finish_after_every_send")};
}

// A batch on its way to the sink, or the end of a load.
struct Item {
  Destination destination;
  Batch batch;
  std::size_t bytes = 0;
  std::size_t step = 0;  // index into State::steps
  std::shared_ptr<const LoadOptions> options{};
  bool ends_load = false;
};

struct Registration {
  SinkFactory factory;
  std::string section;
};

struct StepState {
  std::string name;
  bool went_well = false;
};

// Rows that hooks gave another destination.
struct Reroute {
  std::unique_ptr<Sink> sink;
  LoadPosition position{};
};

// Everything for one method, target and table. Its queue is worked off by one committer thread at a
// time.
struct Lane {
  Lane(Destination to, Registration by) : destination(std::move(to)), registration(std::move(by)) {
    statistics.destination = destination;
  }

  const Destination destination;  // with the collection id of the first send
  const Registration registration;

  std::mutex gathering;  // guards what follows; taken before State::mutex, never after it
  BatchBuilder builder;
  std::string collection_id;  // of the rows in the builder
  std::size_t gathered_bytes = 0;

  // Guarded by State::mutex.
  std::deque<Item> queue;
  bool scheduled = false;  // among the runnable lanes, or with a committer
  std::uint64_t pushed = 0;
  std::uint64_t finished = 0;
  std::size_t options_step = 0;
  std::shared_ptr<const LoadOptions> options;  // of the loads of options_step; null: the default
  std::optional<std::size_t> pushed_step;      // of the last batch that was queued
  LoadStatistics statistics;

  // The committer's that has the lane.
  std::unique_ptr<Sink> sink;
  std::optional<std::size_t> step;  // of the open load
  Load load;
  bool begun = false;                       // the sink knows of the load
  LoadPosition position;                    // of what came through, stored or not
  LoadPosition resumed;                     // what an earlier attempt of the load has stored
  bool broken = false;                      // a batch of an exactly-once load failed
  std::map<std::string, Reroute> reroutes;  // by lane_key: where hooks sent batches instead

  [[nodiscard]] bool serves(const Destination& other) const {
    return destination.table == other.table && destination.target == other.target &&
           destination.method == other.method;
  }
};

std::string lane_key(const Destination& destination) {
  std::string key = destination.method;
  key += '\0';
  key += destination.target;
  key += '\0';
  key += destination.table;
  return key;
}

std::string destination_in_words(const Destination& destination) {
  const std::string table =
      destination.table.empty() ? std::string("no named table") : "table " + destination.table;
  if (destination.target.empty()) return fmt::format("{} by {}", table, destination.method);
  return fmt::format("{} of {} by {}", table, destination.target, destination.method);
}

Error closed_error() {
  return user_error(
      {.what = "Rows were sent for ingestion after ingestion had ended.",
       .why = "The job, or the template, whose job input was used is over.",
       .consequence = "These rows were not stored.",
       .countermeasure = "Send rows before run() returns, and let threads that send end before."});
}

Error forked_error() {
  return user_error(
      {.what = "Rows were sent for ingestion from a forked process.",
       .why = "Connections and queues stay with the process that runs the job.",
       .consequence = "These rows were not stored: two processes would lose or double rows.",
       .countermeasure = "Return the rows to the process that runs the job and send them there."});
}

Error unknown_method(std::string_view method, const std::vector<std::string>& known) {
  std::string why = known.empty() ? std::string("No ingestion method is installed.")
                                  : "Known methods: " + join(known, ", ") + ".";
  if (const auto near = nearest_name(method, known)) why += fmt::format(" Did you mean {}?", *near);
  return configuration_error(
      {.what = fmt::format("There is no ingestion method \"{}\".", method),
       .why = std::move(why),
       .consequence = "Nothing was sent.",
       .countermeasure =
           "Correct the method of the call or ingest_method_default, or install the plugin that "
           "brings the method."});
}

void add_rejections(std::vector<Rejection>& sum, const std::vector<Rejection>& more) {
  for (const Rejection& rejection : more) {
    const auto known = std::ranges::find_if(sum, [&](const Rejection& other) {
      return other.reason == rejection.reason && other.column == rejection.column;
    });
    if (known == sum.end()) {
      sum.push_back(rejection);
    } else {
      known->rows += rejection.rows;
    }
  }
}

Error rejection_error(const std::vector<std::pair<Destination, Rejection>>& rejected) {
  std::int64_t rows = 0;
  std::string reasons;
  std::vector<std::pair<Destination, Rejection>> shown;
  for (const auto& [destination, rejection] : rejected) {
    rows += rejection.rows;
    const auto known = std::ranges::find_if(shown, [&](const auto& other) {
      return other.first == destination && other.second.reason == rejection.reason &&
             other.second.column == rejection.column;
    });
    if (known == shown.end()) {
      shown.emplace_back(destination, rejection);
    } else {
      known->second.rows += rejection.rows;
    }
  }
  constexpr std::size_t kMostShown = 5;
  for (const auto& [destination, rejection] : shown | std::views::take(kMostShown)) {
    reasons += fmt::format("{}{} ({}{}{} {}, first row {}): {}", reasons.empty() ? "" : " ",
                           destination_in_words(destination), rejection.reason,
                           rejection.column.empty() ? ", " : ", column " + rejection.column + ", ",
                           rejection.rows, rejection.rows == 1 ? "row" : "rows",
                           rejection.first_row, rejection.message);
  }
  return user_error(
      {.what = fmt::format("{} {} rejected.", rows, rows == 1 ? "row was" : "rows were"),
       .why = std::move(reasons),
       .consequence = "All other rows were stored.",
       .countermeasure =
           "Correct the rows or the table. To let such rows pass, raise ingest_max_rejected_rows, "
           "set ingest_dead_letter to a directory that keeps them, or choose another "
           "ingest_contract."});
}

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no error";
  }
}

// The failure as hooks see it: the Error itself, or one made of its message and kept in `made`.
const Error* error_of(const std::exception_ptr& failure, std::optional<Error>& made) {
  if (!failure) return nullptr;
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return &error;  // lives as long as `failure`
  } catch (...) {
    return &made.emplace(platform_error({.what = message_of(failure)}));
  }
}

// Signals are for the host's threads: a committer must not be the one that a handler interrupts.
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

struct Ingester::State {
  State(HookDispatcher& all_hooks, const Configuration& values, IngestScope of, Progress on_commit)
      : hooks(all_hooks),
        configuration(values),
        scope(std::move(of)),
        default_collection_id(scope.job_name + "|" + scope.op_id),
        progress(std::move(on_commit)) {}

  HookDispatcher& hooks;
  const Configuration& configuration;
  const IngestScope scope;
  const std::string default_collection_id;
  const Progress progress;
  const ForkGuard fork_guard;

  // Options are read with the first send: secrets may still change them while the job is being
  // initialised.
  std::once_flag settings_read;
  std::optional<Settings> settings_value;

  std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::condition_variable room;
  std::condition_variable done;
  std::map<std::string, Registration, std::less<>> registrations;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::unordered_map<std::string, Lane*> lanes_by_key;
  std::deque<Lane*> runnable;
  std::vector<std::thread> committers;
  std::size_t idle = 0;
  bool stopping = false;
  std::exception_ptr first_failure;
  std::size_t failures = 0;  // since the last barrier
  std::vector<StepState> steps{1};
  std::int64_t rejected_rows = 0;                             // of the run
  std::vector<std::pair<Destination, Rejection>> rejections;  // since the last barrier

  // Written under the mutex, read without it.
  std::atomic<bool> closed{false};
  std::atomic<std::size_t> queued_bytes{0};
  std::atomic<Lane*> last_lane{nullptr};
  std::atomic<std::size_t> gathered_bytes{0};

  const Settings& settings() {
    std::call_once(settings_read, [this] { settings_value = read_settings(configuration); });
    return *settings_value;
  }

  void refuse_in_child() const {
    if (fork_guard.in_child()) throw forked_error();
  }

  std::vector<std::string> methods() {
    std::vector<std::string> names;
    const std::lock_guard lock(mutex);
    names.reserve(registrations.size());
    for (const auto& [name, registration] : registrations) names.push_back(name);
    return names;
  }

  Lane& find_lane(const Destination& destination) {
    Lane* const last = last_lane.load(std::memory_order_acquire);
    if (last != nullptr && last->serves(destination)) return *last;
    std::string key = lane_key(destination);
    std::unique_lock lock(mutex);
    if (closed) throw closed_error();
    auto& place = lanes_by_key[std::move(key)];
    if (place == nullptr) {
      const auto registration = registrations.find(destination.method);
      if (registration == registrations.end()) {
        lanes_by_key.erase(lane_key(destination));
        lock.unlock();
        throw unknown_method(destination.method, methods());
      }
      lanes.push_back(std::make_unique<Lane>(destination, registration->second));
      place = lanes.back().get();
    }
    last_lane.store(place, std::memory_order_release);
    return *place;
  }

  // The load's `gathering` is held.
  void account(Lane& lane) {
    const std::size_t now = lane.builder.rows() == 0 ? 0 : lane.builder.bytes();
    gathered_bytes +=
        now - lane.gathered_bytes;  // wraps around where it shrinks, and so does the sum
    lane.gathered_bytes = now;
  }

  // The load's `gathering` is held, so batches are queued in the order in which their rows came.
  void cut(Lane& lane) {
    if (lane.builder.rows() == 0) return;
    Destination destination = lane.destination;
    destination.collection_id = lane.collection_id;
    Batch batch = lane.builder.finish();
    account(lane);
    push(lane, std::move(destination), std::move(batch));
  }

  void push(Lane& lane, Destination destination, Batch batch) {
    Item item{std::move(destination), std::move(batch)};
    item.bytes = item.batch.bytes() + sizeof(Item);
    const std::lock_guard lock(mutex);
    ensure_committer();
    lane.statistics.rows_sent += static_cast<std::int64_t>(item.batch.rows());
    item.step = steps.size() - 1;
    if (lane.options_step == item.step) item.options = lane.options;
    lane.pushed_step = item.step;
    enqueue(lane, std::move(item));
  }

  // The mutex is held.
  void enqueue(Lane& lane, Item item) {
    queued_bytes += item.bytes;
    lane.queue.push_back(std::move(item));
    ++lane.pushed;
    if (!lane.scheduled) {
      lane.scheduled = true;
      runnable.push_back(&lane);
      work.notify_one();
    }
  }

  void ensure_committer() {
    if (idle > runnable.size() || committers.size() >= settings().threads) return;
    try {
      const BlockedSignals blocked;
      committers.emplace_back([this] { commit_until_stopped(); });
    } catch (const std::system_error& error) {
      if (!committers.empty()) return;  // those that there are do the work
      throw platform_error(
          {.what = "No thread can be started that stores the rows sent for ingestion.",
           .why = error.what(),
           .consequence = "Rows were not stored.",
           .countermeasure = "Raise the limit of threads of the account or of the container."});
    }
  }

  void wait_for_room() {
    const std::size_t limit = settings().queue_bytes;
    if (queued_bytes <= limit) return;
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return queued_bytes <= limit; });
  }

  void wait_for(Lane& lane) {
    std::unique_lock lock(mutex);
    done.wait(lock, [&lane, target = lane.pushed] { return lane.finished >= target; });
  }

  std::vector<Lane*> all_lanes() {
    std::vector<Lane*> all;
    const std::lock_guard lock(mutex);
    for (const auto& lane : lanes) all.push_back(lane.get());
    return all;
  }

  void cut_all() {
    for (Lane* lane : all_lanes()) {
      const std::lock_guard gathering(lane->gathering);
      cut(*lane);
    }
  }

  void after_send(Lane& lane) {
    if (settings().wait_after_send) return wait_for(lane);
    // Many lanes with little each are as large as one with much.
    if (gathered_bytes > settings().queue_bytes / 2) cut_all();
    wait_for_room();
  }

  // What gathers belongs to the step that is now.
  void begin_step(std::string name) {
    cut_all();
    const std::lock_guard lock(mutex);
    steps.push_back({std::move(name), false});
  }

  // Every load that is open comes to its end, behind its last batch.
  void queue_ends() {
    for (Lane* lane : all_lanes()) {
      const std::lock_guard gathering(lane->gathering);
      cut(*lane);
      const std::lock_guard lock(mutex);
      if (!lane->pushed_step) continue;  // nothing came since the last end
      Item end;
      end.step = *std::exchange(lane->pushed_step, std::nullopt);
      end.ends_load = true;
      enqueue(*lane, std::move(end));
    }
  }

  void end_step() {
    const bool ends = lanes_used() && settings().ends_at_step;
    if (ends) barrier();
    {
      const std::lock_guard lock(mutex);
      steps.back().went_well = true;
    }
    if (!ends) return;
    queue_ends();
    barrier();
  }

  // Whether anything was ever sent: the options need not be read otherwise.
  bool lanes_used() {
    const std::lock_guard lock(mutex);
    return !lanes.empty();
  }

  void set_load_options(const Destination& destination, const LoadOptions& options) {
    check(destination, options);
    Lane& lane = find_lane(destination);
    const std::lock_guard gathering(lane.gathering);
    const std::lock_guard lock(mutex);
    const std::size_t step = steps.size() - 1;
    const LoadOptions& present =
        lane.options && lane.options_step == step ? *lane.options : settings().load_options;
    if (present == options) return;
    if (lane.pushed_step == step || lane.builder.rows() != 0) {
      throw user_error(
          {.what = fmt::format("Rows for {} were sent in two ways within one step.",
                               destination_in_words(destination)),
           .why = "Disposition, contract, keys and delete flag hold for everything that a step "
                  "sends to a table.",
           .consequence = "The rows of this call were not sent.",
           .countermeasure = "Give them alike in every call of the step, or use two steps."});
    }
    lane.options = std::make_shared<const LoadOptions>(options);
    lane.options_step = step;
  }

  static void check(const Destination& destination, const LoadOptions& options) {
    const bool merges = options.disposition == Disposition::merge;
    if (merges == !options.keys.empty() && (merges || options.delete_flag.empty())) return;
    throw user_error(
        {.what = fmt::format("Rows for {} {}.", destination_in_words(destination),
                             merges ? "are to be merged, and no keys are given"
                                    : "have keys or a delete flag, but are not to be merged"),
         .consequence = "The rows of this call were not sent.",
         .countermeasure = "Pass disposition='merge' together with keys=[...]."});
  }

  void barrier() {
    cut_all();
    std::unique_lock lock(mutex);
    std::vector<std::pair<const Lane*, std::uint64_t>> targets;
    targets.reserve(lanes.size());
    for (const auto& lane : lanes) targets.emplace_back(lane.get(), lane->pushed);
    done.wait(lock, [&targets] {
      return std::ranges::all_of(
          targets, [](const auto& each) { return each.first->finished >= each.second; });
    });
    std::exception_ptr failure = std::exchange(first_failure, nullptr);
    const std::size_t count = std::exchange(failures, 0);
    const auto rejected = std::exchange(rejections, {});
    const std::int64_t rejected_in_all = rejected_rows;
    lock.unlock();
    if (!rejected.empty() && !settings().tolerates_rejected &&
        rejected_in_all > settings().most_rejected && !failure) {
      failure = std::make_exception_ptr(rejection_error(rejected));
    }
    if (!failure) return;
    if (settings().raise_on_failure) {
      if (count > 1) {
        log(LogLevel::error, kLogger,
            fmt::format("{} batches were not ingested; the first error follows.", count));
      }
      std::rethrow_exception(failure);
    }
    log(LogLevel::warning, kLogger,
        fmt::format("{} {} not ingested. The job goes on, as "
                    "ingester_should_raise_exception_on_failure is off.",
                    count, count == 1 ? "batch was" : "batches were"));
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      work.notify_all();
    }
    for (std::thread& committer : committers) committer.join();
    committers.clear();
    for (const auto& lane : lanes) {
      lane->reroutes.clear();
      lane->sink.reset();
    }
  }

  void commit_until_stopped() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      work.wait(lock, [this] { return stopping || !runnable.empty(); });
      --idle;
      if (stopping) return;
      Lane& lane = *runnable.front();
      runnable.pop_front();
      std::vector<Item> items = take_items(lane);
      lock.unlock();
      if (items.front().ends_load) {
        end_load(lane, items.front());
      } else {
        commit(lane, std::move(items));
      }
      lock.lock();
      if (lane.queue.empty()) {
        lane.scheduled = false;
      } else {
        runnable.push_back(&lane);
      }
    }
  }

  // The mutex is held. As many batches of one load as are committed together.
  std::vector<Item> take_items(Lane& lane) {
    std::vector<Item> items;
    std::size_t bytes = 0;
    const bool one_by_one = !hooks.pre_ingest_process.empty() || !hooks.post_ingest_process.empty();
    do {
      bytes += lane.queue.front().bytes;
      items.push_back(std::move(lane.queue.front()));
      lane.queue.pop_front();
    } while (!one_by_one && !items.back().ends_load && !lane.queue.empty() &&
             !lane.queue.front().ends_load && lane.queue.front().step == items.back().step &&
             bytes + lane.queue.front().bytes <= settings().commit_bytes);
    return items;
  }

  // One batch while it is committed.
  struct Passage {
    IngestRequest request;
    LoadPosition after;
    std::exception_ptr failure{};
    bool written = false;  // or not to be: it was stored before, or has no rows
  };

  void commit(Lane& lane, std::vector<Item> items) {
    std::vector<Passage> passages;
    std::size_t bytes = 0;
    passages.reserve(items.size());
    const Item first{items.front().destination, {}, 0, items.front().step, items.front().options};
    for (Item& item : items) {
      bytes += item.bytes;
      passages.push_back({{std::move(item.destination), std::move(item.batch)}, {}});
    }
    const std::size_t count = items.size();
    items.clear();
    try {
      open_load(lane, first);
      locate(lane, passages);
      write_all(lane, passages);
    } catch (...) {
      for (Passage& passage : passages) {
        if (!passage.written && !passage.failure) passage.failure = std::current_exception();
      }
    }
    for (Passage& passage : passages) finish(lane, passage);
    LoadStatistics statistics;
    {
      const std::lock_guard lock(mutex);
      if (lane.sink) {
        lane.statistics.delivery = lane.sink->delivery();
        lane.statistics.delivery_note = lane.sink->delivery_note();
      }
      statistics = lane.statistics;
    }
    const bool any = std::ranges::any_of(passages, &Passage::written);
    if (any && progress) progress(statistics);
    passages.clear();  // the memory is free before others may use the room
    const std::lock_guard lock(mutex);
    lane.finished += count;
    queued_bytes -= bytes;
    room.notify_all();
    done.notify_all();
  }

  // Makes the lane's open load that of the batch's step.
  void open_load(Lane& lane, const Item& first) {
    if (lane.step == first.step) return;
    if (lane.step) {
      bool went_well = false;
      {
        const std::lock_guard lock(mutex);
        went_well = steps[*lane.step].went_well;
      }
      close_load(lane, went_well);
    }
    lane.load = {.execution = scope.execution_id,
                 .step = {},
                 .destination = lane.destination,
                 .options = first.options ? *first.options : settings().load_options,
                 .resume = scope.resume};
    {
      const std::lock_guard lock(mutex);
      lane.load.step = steps[first.step].name;
    }
    lane.broken = false;
    lane.begun = false;
    lane.position = {};
    lane.resumed = {};
    lane.reroutes.clear();
    if (scope.resume) begin_load(lane);
    lane.step = first.step;
  }

  void begin_load(Lane& lane) {
    if (lane.begun) return;
    if (!lane.sink) lane.sink = make_sink(lane, lane.destination);
    lane.resumed = lane.sink->begin_load(lane.load);
    lane.begun = true;
    if (lane.resumed.rejected == 0) return;
    const std::lock_guard lock(mutex);
    reject(lane, {{"rejected_before", "",
                   "An earlier attempt of this execution rejected rows of this load; they were not "
                   "sent again.",
                   1, lane.resumed.rejected}});
  }

  std::unique_ptr<Sink> make_sink(const Lane& lane, const Destination& destination) {
    if (destination.method == lane.destination.method) {
      return lane.registration.factory(configuration, lane.registration.section, destination);
    }
    std::optional<Registration> other;
    {
      const std::lock_guard lock(mutex);
      const auto found = registrations.find(destination.method);
      if (found != registrations.end()) other = found->second;
    }
    if (!other) throw unknown_method(destination.method, methods());
    return other->factory(configuration, other->section, destination);
  }

  // Gives every batch its position and drops what an earlier attempt has stored.
  void locate(Lane& lane, std::vector<Passage>& passages) {
    for (Passage& passage : passages) {
      const Batch& batch = passage.request.batch;
      const auto rows = static_cast<std::int64_t>(batch.rows());
      const std::int64_t before = lane.position.rows;
      lane.position.digest = digest_rows(batch, lane.position.digest);
      lane.position.rows += rows;
      passage.after = lane.position;
      if (before >= lane.resumed.total()) continue;
      if (before < lane.resumed.rows) {
        if (lane.position.rows > lane.resumed.rows ||
            (lane.position.rows == lane.resumed.rows &&
             lane.position.digest != lane.resumed.digest)) {
          lane.broken = true;
          throw unrepeated(lane);
        }
        count_resumed(lane, rows);
        passage.written = true;
        passage.request.batch = Batch();
        continue;
      }
      const std::int64_t known = std::min(rows, lane.resumed.total() - before);
      count_resumed(lane, known);
      passage.request.batch = slice_rows(batch, static_cast<std::size_t>(known),
                                         static_cast<std::size_t>(rows - known));
    }
  }

  Error unrepeated(const Lane& lane) {
    return user_error(
        {.what = fmt::format("The step does not repeat its rows for {}.",
                             destination_in_words(lane.destination)),
         .why = fmt::format("An earlier attempt of this execution stored {} rows, and those sent "
                            "now begin otherwise or end before.",
                            lane.resumed.total()),
         .consequence = "No further row of this load was stored.",
         .countermeasure =
             "A run can only be resumed where a step sends the same rows in the same order, with "
             "the same settings of ingestion. Run the job anew after removing what it stored."});
  }

  void count_resumed(Lane& lane, std::int64_t rows) {
    const std::lock_guard lock(mutex);
    lane.statistics.rows_resumed += rows;
  }

  void write_all(Lane& lane, std::vector<Passage>& passages) {
    std::vector<std::size_t> ready;
    const auto write_ready = [&] {
      write(lane, passages, ready);
      ready.clear();
    };
    for (std::size_t i = 0; i < passages.size(); ++i) {
      Passage& passage = passages[i];
      if (passage.written) continue;
      try {
        if (!hooks.pre_ingest_process.empty()) hooks.pre_ingest_process.call(passage.request);
      } catch (...) {
        write_ready();
        fail(lane, passage, std::current_exception());
        continue;
      }
      if (passage.request.batch.rows() == 0) {
        passage.written = true;
      } else if (!lane.serves(passage.request.destination)) {
        write_ready();
        reroute(lane, passage);
      } else {
        ready.push_back(i);
      }
    }
    write_ready();
  }

  // The batches at `indices` together; where that fails, one by one.
  void write(Lane& lane, std::vector<Passage>& passages, std::span<const std::size_t> indices) {
    if (indices.empty()) return;
    if (lane.broken) {
      for (const std::size_t index : indices) passages[index].failure = stopped_load(lane);
      return;
    }
    std::vector<Batch> batches;
    batches.reserve(indices.size());
    for (const std::size_t index : indices) batches.push_back(passages[index].request.batch);
    try {
      begin_load(lane);
      const WriteResult result = lane.sink->write(batches, passages[indices.back()].after);
      for (const std::size_t index : indices) passages[index].written = true;
      count(lane, result);
    } catch (...) {
      if (indices.size() == 1) {
        return fail(lane, passages[indices.front()], std::current_exception());
      }
      for (const std::size_t& index : indices) write(lane, passages, std::span(&index, 1));
    }
  }

  // A batch that a hook sends elsewhere: a load of its own, which a resumed run does not know.
  void reroute(Lane& lane, Passage& passage) {
    try {
      Reroute& other = lane.reroutes[lane_key(passage.request.destination)];
      if (!other.sink) {
        other.sink = make_sink(lane, passage.request.destination);
        Load load = lane.load;
        load.destination = passage.request.destination;
        load.resume = false;
        other.sink->begin_load(load);
      }
      other.position.rows += static_cast<std::int64_t>(passage.request.batch.rows());
      count(lane, other.sink->write(std::span(&passage.request.batch, 1), other.position));
      passage.written = true;
    } catch (...) {
      passage.failure = std::current_exception();
    }
  }

  void count(Lane& lane, const WriteResult& result) {
    const std::lock_guard lock(mutex);
    lane.statistics.rows_committed += result.rows_stored;
    reject(lane, result.rejected);
    for (const Rejection& discarded : result.discarded) {
      lane.statistics.values_discarded += discarded.rows;
    }
    add_rejections(lane.statistics.discarded, result.discarded);
  }

  static void fail(Lane& lane, Passage& passage, std::exception_ptr failure) {
    passage.failure = std::move(failure);
    if (lane.sink && lane.sink->delivery() == Delivery::exactly_once) lane.broken = true;
  }

  static std::exception_ptr stopped_load(const Lane& lane) {
    return std::make_exception_ptr(platform_error(
        {.what =
             fmt::format("Rows for {} were not stored.", destination_in_words(lane.destination)),
         .why = "An earlier batch of the same step failed, and rows are stored in order.",
         .consequence = "What is stored is the beginning of what the step sent.",
         .countermeasure = "See the first error; then run again, or resume the run."}));
  }

  // The mutex is held.
  void reject(Lane& lane, const std::vector<Rejection>& rejected) {
    add_rejections(lane.statistics.rejected, rejected);
    for (const Rejection& rejection : rejected) {
      lane.statistics.rows_rejected += rejection.rows;
      rejected_rows += rejection.rows;
      rejections.emplace_back(lane.destination, rejection);
    }
  }

  // What follows a batch, stored or failed.
  void finish(Lane& lane, Passage& passage) {
    if (!hooks.post_ingest_process.empty()) {
      try {
        std::optional<Error> made;
        hooks.post_ingest_process.call(passage.request, error_of(passage.failure, made));
      } catch (...) {
        if (!passage.failure) passage.failure = std::current_exception();
      }
    }
    if (!passage.failure) return;
    if (settings().log_errors) {
      log(LogLevel::warning, kLogger,
          fmt::format("A batch of {} rows for {} failed: {}", passage.request.batch.rows(),
                      destination_in_words(passage.request.destination),
                      message_of(passage.failure)));
    }
    const std::lock_guard lock(mutex);
    ++lane.statistics.batches_failed;
    note_failure(passage.failure);
  }

  // The mutex is held.
  void note_failure(const std::exception_ptr& failure) {
    ++failures;
    if (!first_failure) first_failure = failure;
  }

  void end_load(Lane& lane, const Item& end) {
    try {
      bool went_well = false;
      {
        const std::lock_guard lock(mutex);
        went_well = steps[end.step].went_well;
      }
      if (lane.step == end.step) close_load(lane, went_well);
    } catch (...) {
      const std::lock_guard lock(mutex);
      note_failure(std::current_exception());
    }
    const std::lock_guard lock(mutex);
    ++lane.finished;
    done.notify_all();
  }

  void close_load(Lane& lane, bool went_well) {
    lane.step.reset();
    if (!went_well || lane.broken) return;
    if (lane.position.rows < lane.resumed.total()) throw unrepeated(lane);
    for (const auto& [key, other] : lane.reroutes) other.sink->end_load();
    if (lane.begun) lane.sink->end_load();
  }
};

Ingester::Ingester(HookDispatcher& hooks, const Configuration& configuration, IngestScope scope,
                   Progress progress)
    : state_(std::make_unique<State>(hooks, configuration, std::move(scope), std::move(progress))) {
}

Ingester::~Ingester() {
  if (state_->fork_guard.in_child()) {
    // The threads stayed in the parent, perhaps with a lock held, and so did the sinks'
    // connections: none of it may be touched here.
    [[maybe_unused]] const State* left = state_.release();
    return;
  }
  state_->stop();
}

void Ingester::add_sink(std::string_view method, SinkFactory factory, std::string_view section) {
  const std::lock_guard lock(state_->mutex);
  state_->registrations.insert_or_assign(lower(method),
                                         Registration{std::move(factory), std::string(section)});
}

std::vector<std::string> Ingester::methods() const {
  state_->refuse_in_child();
  return state_->methods();
}

std::vector<Destination> Ingester::resolve(std::string_view method, std::string_view target,
                                           std::string_view table, std::string_view collection_id) {
  State& state = *state_;
  state.refuse_in_child();
  std::vector<std::string> names = split_list(method);
  if (names.empty()) names = split_list(state.configuration.get_string("ingest_method_default"));
  const std::vector<std::string> known = state.methods();
  if (names.empty()) {
    throw configuration_error(
        {.what = "Rows were sent for ingestion without a method.",
         .why = "The call names none, and ingest_method_default is not set.",
         .consequence = "Nothing was sent.",
         .countermeasure =
             known.empty()
                 ? std::string("Install a plugin that brings an ingestion method.")
                 : fmt::format("Set ingest_method_default, or pass method=... One of: {}.",
                               join(known, ", "))});
  }
  Destination destination;
  destination.target = target.empty() ? state.configuration.get_string("ingest_target_default")
                                      : std::string(target);
  destination.table = table;
  destination.collection_id =
      collection_id.empty() ? state.default_collection_id : std::string(collection_id);
  std::vector<Destination> destinations;
  for (const std::string& name : names) {
    destination.method = lower(name);
    if (std::ranges::find(known, destination.method) == known.end())
      throw unknown_method(name, known);
    if (std::ranges::find(destinations, destination) == destinations.end())
      destinations.push_back(destination);
  }
  return destinations;
}

void Ingester::send(const Destination& destination, Batch batch) {
  State& state = *state_;
  state.refuse_in_child();
  if (batch.rows() == 0) return;
  Lane& lane = state.find_lane(destination);
  {
    const std::lock_guard gathering(lane.gathering);
    if (state.closed) throw closed_error();
    state.cut(lane);  // rows that were sent before go before
    state.push(lane, destination, std::move(batch));
  }
  state.after_send(lane);
}

void Ingester::send_rows(const Destination& destination,
                         const std::function<void(BatchBuilder&)>& append) {
  State& state = *state_;
  state.refuse_in_child();
  Lane& lane = state.find_lane(destination);
  const Settings& settings = state.settings();
  {
    const std::lock_guard gathering(lane.gathering);
    if (state.closed) throw closed_error();
    if (lane.collection_id != destination.collection_id) {
      state.cut(lane);
      lane.collection_id = destination.collection_id;
    }
    try {
      append(lane.builder);
    } catch (...) {
      lane.builder.abandon_row();
      state.account(lane);
      throw;
    }
    state.account(lane);
    if (lane.gathered_bytes >= settings.batch_bytes || lane.builder.rows() >= kMostRows ||
        settings.wait_after_send) {
      state.cut(lane);
    }
  }
  state.after_send(lane);
}

void Ingester::begin_step(std::string_view name) {
  if (!state_->fork_guard.in_child()) state_->begin_step(std::string(name));
}

void Ingester::end_step() {
  if (!state_->fork_guard.in_child()) state_->end_step();
}

void Ingester::abandon_step() {
  State& state = *state_;
  if (state.fork_guard.in_child() || !state.lanes_used()) return;
  state.queue_ends();
  state.barrier();
}

void Ingester::set_load_options(const Destination& destination, const LoadOptions& options) {
  state_->refuse_in_child();
  state_->set_load_options(destination, options);
}

void Ingester::flush() {
  if (!state_->fork_guard.in_child()) state_->barrier();
}

void Ingester::close() {
  State& state = *state_;
  if (state.fork_guard.in_child()) return;
  {
    const std::lock_guard lock(state.mutex);
    if (state.closed.exchange(true)) return;
  }
  std::exception_ptr failure;
  try {
    if (state.lanes_used()) {
      state.queue_ends();
      state.barrier();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  state.stop();
  if (failure) std::rethrow_exception(failure);
}

std::vector<LoadStatistics> Ingester::statistics() const {
  std::vector<LoadStatistics> result;
  if (state_->fork_guard.in_child()) return result;
  const std::lock_guard lock(state_->mutex);
  for (const auto& lane : state_->lanes) result.push_back(lane->statistics);
  return result;
}

}  // namespace vdk
