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
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
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

Settings read_settings(const Configuration& configuration) {
  constexpr std::string_view kUpstreamBatchBytes = "ingester_payload_size_bytes_threshold";
  const bool upstream_size = !configuration.is_default(kUpstreamBatchBytes);
  return {.batch_bytes =
              positive(configuration, upstream_size ? kUpstreamBatchBytes : "ingest_batch_bytes"),
          .queue_bytes = positive(configuration, "ingest_queue_bytes"),
          .threads = positive(configuration, "ingester_number_of_worker_threads"),
          .log_errors = configuration.get_bool("ingester_log_upload_errors"),
          .raise_on_failure = configuration.get_bool("ingester_should_raise_exception_on_failure"),
          .wait_after_send = configuration.get_bool("ingester_wait_to_finish_after_every_send")};
}

// A batch on its way to the sink.
struct Item {
  Destination destination;
  Batch batch;
  std::size_t bytes;
};

struct Registration {
  SinkFactory factory;
  std::string section;
};

// Everything for one method, target and table. Its queue is worked off by one committer thread at a
// time.
struct Load {
  Load(Destination to, Registration by) : destination(std::move(to)), registration(std::move(by)) {
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
  bool scheduled = false;  // among the runnable loads, or with a committer
  std::uint64_t pushed = 0;
  std::uint64_t finished = 0;
  LoadStatistics statistics;

  std::unique_ptr<Sink> sink;  // the committer's that has the load

  [[nodiscard]] bool serves(const Destination& other) const {
    return destination.table == other.table && destination.target == other.target &&
           destination.method == other.method;
  }
};

std::string load_key(const Destination& destination) {
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
  State(HookDispatcher& all_hooks, const Configuration& values, std::string job, std::string op,
        Progress on_commit)
      : hooks(all_hooks),
        configuration(values),
        default_collection_id(std::move(job) + "|" + std::move(op)),
        progress(std::move(on_commit)) {}

  HookDispatcher& hooks;
  const Configuration& configuration;
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
  std::vector<std::unique_ptr<Load>> loads;
  std::unordered_map<std::string, Load*> loads_by_key;
  std::deque<Load*> runnable;
  std::vector<std::thread> committers;
  std::size_t idle = 0;
  bool stopping = false;
  std::exception_ptr first_failure;
  std::size_t failures = 0;  // since the last barrier

  // Written under the mutex, read without it.
  std::atomic<bool> closed{false};
  std::atomic<std::size_t> queued_bytes{0};
  std::atomic<Load*> last_load{nullptr};
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

  Load& find_load(const Destination& destination) {
    Load* const last = last_load.load(std::memory_order_acquire);
    if (last != nullptr && last->serves(destination)) return *last;
    std::string key = load_key(destination);
    std::unique_lock lock(mutex);
    if (closed) throw closed_error();
    auto& place = loads_by_key[std::move(key)];
    if (place == nullptr) {
      const auto registration = registrations.find(destination.method);
      if (registration == registrations.end()) {
        loads_by_key.erase(load_key(destination));
        lock.unlock();
        throw unknown_method(destination.method, methods());
      }
      loads.push_back(std::make_unique<Load>(destination, registration->second));
      place = loads.back().get();
    }
    last_load.store(place, std::memory_order_release);
    return *place;
  }

  // The load's `gathering` is held.
  void account(Load& load) {
    const std::size_t now = load.builder.rows() == 0 ? 0 : load.builder.bytes();
    gathered_bytes +=
        now - load.gathered_bytes;  // wraps around where it shrinks, and so does the sum
    load.gathered_bytes = now;
  }

  // The load's `gathering` is held, so batches are queued in the order in which their rows came.
  void cut(Load& load) {
    if (load.builder.rows() == 0) return;
    Destination destination = load.destination;
    destination.collection_id = load.collection_id;
    Batch batch = load.builder.finish();
    account(load);
    push(load, std::move(destination), std::move(batch));
  }

  void push(Load& load, Destination destination, Batch batch) {
    const std::size_t bytes = batch.bytes() + sizeof(Item);
    const std::lock_guard lock(mutex);
    ensure_committer();
    load.statistics.rows_sent += static_cast<std::int64_t>(batch.rows());
    load.queue.push_back({std::move(destination), std::move(batch), bytes});
    ++load.pushed;
    queued_bytes += bytes;
    if (!load.scheduled) {
      load.scheduled = true;
      runnable.push_back(&load);
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

  void wait_for(Load& load) {
    std::unique_lock lock(mutex);
    done.wait(lock, [&load, target = load.pushed] { return load.finished >= target; });
  }

  void cut_all() {
    std::vector<Load*> all;
    {
      const std::lock_guard lock(mutex);
      for (const auto& load : loads) all.push_back(load.get());
    }
    for (Load* load : all) {
      const std::lock_guard gathering(load->gathering);
      cut(*load);
    }
  }

  void after_send(Load& load) {
    if (settings().wait_after_send) return wait_for(load);
    // Many loads with little each are as large as one with much.
    if (gathered_bytes > settings().queue_bytes / 2) cut_all();
    wait_for_room();
  }

  void barrier() {
    cut_all();
    std::unique_lock lock(mutex);
    std::vector<std::pair<const Load*, std::uint64_t>> targets;
    targets.reserve(loads.size());
    for (const auto& load : loads) targets.emplace_back(load.get(), load->pushed);
    done.wait(lock, [&targets] {
      return std::ranges::all_of(
          targets, [](const auto& each) { return each.first->finished >= each.second; });
    });
    const std::exception_ptr failure = std::exchange(first_failure, nullptr);
    const std::size_t count = std::exchange(failures, 0);
    lock.unlock();
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
    for (const auto& load : loads) load->sink.reset();
  }

  void commit_until_stopped() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      work.wait(lock, [this] { return stopping || !runnable.empty(); });
      --idle;
      if (stopping) return;
      Load& load = *runnable.front();
      runnable.pop_front();
      Item item = std::move(load.queue.front());
      load.queue.pop_front();
      lock.unlock();
      commit(load, std::move(item));
      lock.lock();
      if (load.queue.empty()) {
        load.scheduled = false;
      } else {
        runnable.push_back(&load);
      }
    }
  }

  // Takes one batch to its end. The mutex is not held: hooks and sinks may take as long as they
  // need.
  void commit(Load& load, Item item) {
    IngestRequest request{std::move(item.destination), std::move(item.batch)};
    std::exception_ptr failure;
    bool committed = false;
    try {
      if (!hooks.pre_ingest_process.empty()) hooks.pre_ingest_process.call(request);
      if (request.batch.rows() != 0) {
        if (!load.sink)
          load.sink = load.registration.factory(configuration, load.registration.section);
        load.sink->write(request.destination, request.batch);
      }
      committed = true;
    } catch (...) {
      failure = std::current_exception();
    }
    if (!hooks.post_ingest_process.empty()) {
      try {
        std::optional<Error> made;
        hooks.post_ingest_process.call(request, error_of(failure, made));
      } catch (...) {
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure && settings().log_errors) {
      log(LogLevel::warning, kLogger,
          fmt::format("A batch of {} rows for {} failed: {}", request.batch.rows(),
                      destination_in_words(request.destination), message_of(failure)));
    }
    LoadStatistics statistics;
    {
      const std::lock_guard lock(mutex);
      if (committed)
        load.statistics.rows_committed += static_cast<std::int64_t>(request.batch.rows());
      if (failure) {
        ++load.statistics.batches_failed;
        ++failures;
        if (!first_failure) first_failure = failure;
      }
      statistics = load.statistics;
    }
    if (committed && progress) progress(statistics);
    request.batch = Batch();  // its memory is free before others may use the room
    const std::lock_guard lock(mutex);
    ++load.finished;
    queued_bytes -= item.bytes;
    room.notify_all();
    done.notify_all();
  }
};

Ingester::Ingester(HookDispatcher& hooks, const Configuration& configuration, std::string job_name,
                   std::string op_id, Progress progress)
    : state_(std::make_unique<State>(hooks, configuration, std::move(job_name), std::move(op_id),
                                     std::move(progress))) {}

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
  Load& load = state.find_load(destination);
  {
    const std::lock_guard gathering(load.gathering);
    if (state.closed) throw closed_error();
    state.cut(load);  // rows that were sent before go before
    state.push(load, destination, std::move(batch));
  }
  state.after_send(load);
}

void Ingester::send_rows(const Destination& destination,
                         const std::function<void(BatchBuilder&)>& append) {
  State& state = *state_;
  state.refuse_in_child();
  Load& load = state.find_load(destination);
  const Settings& settings = state.settings();
  {
    const std::lock_guard gathering(load.gathering);
    if (state.closed) throw closed_error();
    if (load.collection_id != destination.collection_id) {
      state.cut(load);
      load.collection_id = destination.collection_id;
    }
    try {
      append(load.builder);
    } catch (...) {
      load.builder.abandon_row();
      state.account(load);
      throw;
    }
    state.account(load);
    if (load.gathered_bytes >= settings.batch_bytes || load.builder.rows() >= kMostRows ||
        settings.wait_after_send) {
      state.cut(load);
    }
  }
  state.after_send(load);
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
    state.barrier();
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
  for (const auto& load : state_->loads) result.push_back(load->statistics);
  return result;
}

}  // namespace vdk
