#include "ingest/ingester.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "ingest/commit_queue.hpp"
#include "ingest/destination.hpp"
#include "ingest/fork_guard.hpp"
#include "ingest/lane.hpp"
#include "ingest/processors.hpp"
#include "ingest/rejections.hpp"
#include "ingest/sink_registry.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/data/batch_rows.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.ingest";

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

void check(const Destination& destination, const LoadOptions& options) {
  const bool merges = options.disposition == Disposition::merge;
  if (merges == !options.keys.empty() && (merges || options.delete_flag.empty())) return;
  throw user_error(
      {.what = fmt::format("Rows for {} {}.", in_words(destination),
                           merges ? "are to be merged, and no keys are given"
                                  : "have keys or a delete flag, but are not to be merged"),
       .consequence = "The rows of this call were not sent.",
       .countermeasure = "Pass disposition='merge' together with keys=[...]."});
}

}  // namespace

struct Ingester::State {
  State(HookDispatcher& hooks, const Configuration& values, IngestScope of, Progress on_commit)
      : configuration(values),
        scope(std::move(of)),
        default_collection_id(scope.job_name + "|" + scope.op_id),
        progress(std::move(on_commit)),
        settings(values),
        processors(values),
        context{hooks, configuration, settings, sinks, processors, scope, progress, outcome},
        queue(settings) {}

  const Configuration& configuration;
  const IngestScope scope;
  const std::string default_collection_id;
  const Progress progress;
  std::function<void()> host_gatherer;
  const ForkGuard fork_guard;
  LateSettings settings;
  SinkRegistry sinks;
  Processors processors;
  Outcome outcome;
  CommitContext context;

  std::mutex mutex;  // guards what follows
  std::vector<std::unique_ptr<Lane>> lanes;
  std::unordered_map<std::string, Lane*> lanes_by_key;
  std::shared_ptr<Step> step = std::make_shared<Step>();  // that is now; the first has no name

  // Written under the mutex, read without it.
  std::atomic<bool> closed{false};
  std::atomic<Lane*> last_lane{nullptr};

  std::atomic<std::size_t> gathered_bytes{0};  // of all lanes
  CommitQueue queue;                           // last: its threads use the rest

  void refuse_in_child() const {
    if (fork_guard.in_child()) throw forked_error();
  }

  // A hook that runs before the sink may still name the table.
  void require_table_by_need(const Destination& destination) {
    if (!context.hooks.pre_ingest_process.empty() || processors.has_pre()) return;
    if (!sinks.get(destination.method).make(configuration, destination)->needs_table()) return;
    throw user_error(
        {.what = "Rows were sent for ingestion without a table.",
         .why = fmt::format("The call names none, and the method {} stores rows in tables.",
                            destination.method),
         .consequence = "The rows of this call were not sent.",
         .countermeasure = "Pass destination_table with the rows."});
  }

  Lane& find_lane(const Destination& destination) {
    Lane* const last = last_lane.load(std::memory_order_acquire);
    if (last != nullptr && share_lane(last->destination, destination)) return *last;
    std::string key = lane_key(destination);
    const std::lock_guard lock(mutex);
    if (closed) throw closed_error();
    const auto known = lanes_by_key.find(key);
    Lane* lane = known == lanes_by_key.end() ? nullptr : known->second;
    if (lane == nullptr) {
      lanes.push_back(std::make_unique<Lane>(context, destination, sinks.get(destination.method)));
      lane = lanes.back().get();
      lanes_by_key.emplace(std::move(key), lane);
    }
    last_lane.store(lane, std::memory_order_release);
    return *lane;
  }

  // The lane, where it can be found without waiting.
  Lane* find_known_lane(const Destination& destination) {
    Lane* const last = last_lane.load(std::memory_order_acquire);
    if (last != nullptr && share_lane(last->destination, destination)) return last;
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock) return nullptr;
    const auto known = lanes_by_key.find(lane_key(destination));
    if (known == lanes_by_key.end()) return nullptr;
    last_lane.store(known->second, std::memory_order_release);
    return known->second;
  }

  std::shared_ptr<Step> current_step() {
    const std::lock_guard lock(mutex);
    return step;
  }

  // The lane's `gathering` is held.
  void account(Lane& lane) {
    const std::size_t now = lane.builder.rows() == 0 ? 0 : lane.builder.bytes();
    gathered_bytes +=
        now - lane.gathered_bytes;  // wraps around where it shrinks, and so does the sum
    lane.gathered_bytes = now;
  }

  // The lane's `gathering` is held.
  bool is_full(const Lane& lane) {
    const std::size_t rows = lane.builder.rows();
    return rows != 0 && (lane.gathered_bytes >= settings().batch_bytes || rows >= kMostBatchRows ||
                         settings().wait_after_send);
  }

  // Many lanes with little each are as large as one with much.
  bool has_gathered_much() { return gathered_bytes > settings().queue_bytes / 2; }

  // The lane's `gathering` is held, so batches are queued in the order in which their rows came.
  void cut(Lane& lane) {
    if (lane.builder.rows() == 0) return;
    Destination destination = lane.destination;
    destination.collection_id = lane.collection_id;
    Batch batch = lane.builder.finish();
    account(lane);
    push(lane, std::move(destination), std::move(batch));
  }

  // The lane's `gathering` is held. Where columnar engines begin a new group of rows, counted from
  // the load's begin, a batch ends: whole groups can be stored at once.
  void push(Lane& lane, const Destination& destination, Batch batch) {
    const std::shared_ptr<const Step> now = current_step();
    if (lane.pushed_step != now) lane.pushed_rows = 0;
    std::size_t room = kMostBatchRows - lane.pushed_rows % kMostBatchRows;
    lane.pushed_rows += batch.rows();
    while (room < batch.rows() && !batch.has_foreign() && !batch.host_rows()) {
      push_whole(lane, destination, slice_rows(batch, 0, room), now);
      batch = slice_rows(batch, room, batch.rows() - room);
      room = kMostBatchRows;
    }
    push_whole(lane, destination, std::move(batch), now);
  }

  void push_whole(Lane& lane, Destination destination, Batch batch,
                  const std::shared_ptr<const Step>& now) {
    Item item{std::move(destination), std::move(batch)};
    item.bytes = item.batch.bytes_while_unread() + sizeof(Item);
    item.bytes_read = item.batch.bytes() + sizeof(Item);
    item.step = now;
    if (lane.options_step == now) item.options = lane.options;
    queue.push(lane, std::move(item));
    lane.pushed_step = now;
  }

  std::vector<Lane*> all_lanes() {
    std::vector<Lane*> all;
    const std::lock_guard lock(mutex);
    for (const auto& lane : lanes) all.push_back(lane.get());
    return all;
  }

  // What gathers in the host is sent now.
  void gather_host_rows() {
    if (host_gatherer) host_gatherer();
  }

  void cut_all() {
    gather_host_rows();
    for (Lane* lane : all_lanes()) {
      const std::lock_guard gathering(lane->gathering);
      cut(*lane);
    }
  }

  void after_send(Lane& lane) {
    if (settings().wait_after_send) return queue.wait_for(lane);
    if (has_gathered_much()) cut_all();
    queue.wait_for_room();
  }

  // What gathers belongs to the step that is now.
  void begin_step(std::string name) {
    cut_all();
    auto next = std::make_shared<Step>();
    next->name = std::move(name);
    const std::lock_guard lock(mutex);
    step = std::move(next);
  }

  // Every load that is open comes to its end, behind its last batch.
  void queue_ends() {
    gather_host_rows();
    for (Lane* lane : all_lanes()) {
      const std::lock_guard gathering(lane->gathering);
      cut(*lane);
      if (!lane->pushed_step) continue;  // nothing came since the last end
      Item end;
      end.step = std::exchange(lane->pushed_step, nullptr);
      end.ends_load = true;
      queue.push(*lane, std::move(end));
    }
  }

  void end_step() {
    gather_host_rows();
    const bool ends = lanes_used() && settings().ends_at_step;
    if (ends) barrier();
    current_step()->went_well = true;
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
    const std::shared_ptr<const Step> now = current_step();
    const LoadOptions& present =
        lane.options && lane.options_step == now ? *lane.options : settings().load_options;
    if (present == options) return;
    if (lane.pushed_step == now || lane.builder.rows() != 0) {
      throw user_error(
          {.what = fmt::format("Rows for {} were sent in two ways within one step.",
                               in_words(destination)),
           .why = "Disposition, contract, keys and delete flag hold for everything that a step "
                  "sends to a table.",
           .consequence = "The rows of this call were not sent.",
           .countermeasure = "Give them alike in every call of the step, or use two steps."});
    }
    lane.options = std::make_shared<const LoadOptions>(options);
    lane.options_step = now;
  }

  void barrier() {
    cut_all();
    queue.wait_for(all_lanes());
    Outcome::Sum sum = outcome.take();
    if (!sum.rejections.empty() && !settings().tolerates_rejected &&
        sum.rejected_rows > settings().most_rejected && !sum.first_failure) {
      sum.first_failure = std::make_exception_ptr(rejection_error(sum.rejections));
    }
    if (!sum.first_failure) return;
    if (settings().raise_on_failure) {
      if (sum.failures > 1) {
        log(LogLevel::error, kLogger,
            fmt::format("{} batches were not ingested; the first error follows.", sum.failures));
      }
      std::rethrow_exception(sum.first_failure);
    }
    log(LogLevel::warning, kLogger,
        fmt::format("{} {} not ingested. The job goes on, as "
                    "ingester_should_raise_exception_on_failure is off.",
                    sum.failures, plural(sum.failures, "batch was", "batches were")));
  }

  void stop() {
    queue.stop();
    for (const auto& lane : lanes) lane->committer.drop_sinks();
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
  state_->sinks.add(method, {std::move(factory), std::string(section)});
}

std::vector<std::string> Ingester::methods() const {
  state_->refuse_in_child();
  return state_->sinks.methods();
}

bool Ingester::names_processor(const Configuration& configuration,
                               const std::function<bool(const std::string&)>& is_among_them) {
  const auto names = [&](std::string_view key) {
    return std::ranges::any_of(split_list(lower(configuration.get_string(key))), is_among_them);
  };
  return names("ingest_payload_preprocess_sequence") ||
         names("ingest_payload_postprocess_sequence");
}

void Ingester::set_host_gatherer(std::function<void()> gatherer) {
  state_->host_gatherer = std::move(gatherer);
}

void Ingester::add_preprocessor(std::string_view name, std::function<PreProcessor()> make) {
  state_->processors.add_pre(name, std::move(make));
}

void Ingester::add_postprocessor(std::string_view name, std::function<PostProcessor()> make) {
  state_->processors.add_post(name, std::move(make));
}

std::vector<Destination> Ingester::resolve(std::string_view method, std::string_view target,
                                           std::string_view table, std::string_view collection_id) {
  State& state = *state_;
  state.refuse_in_child();
  std::vector<std::string> names = split_list(method);
  if (names.empty()) names = split_list(state.configuration.get_string("ingest_method_default"));
  const std::vector<std::string> known = state.sinks.methods();
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
    if (table.empty()) state.require_table_by_need(destination);
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
  static_cast<void>(digest_rows(batch));  // here, where it holds up nobody else
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
    if (state.is_full(lane)) state.cut(lane);
  }
  state.after_send(lane);
}

Ingester::Gathered Ingester::try_send_row(const Destination& destination,
                                          const std::function<bool(BatchBuilder&)>& append) {
  State& state = *state_;
  if (state.fork_guard.in_child()) return Gathered::refused;
  Lane* const lane = state.find_known_lane(destination);
  if (lane == nullptr) return Gathered::refused;
  const std::unique_lock gathering(lane->gathering, std::try_to_lock);
  if (!gathering || state.closed || lane->collection_id != destination.collection_id ||
      state.is_full(*lane)) {
    return Gathered::refused;
  }
  bool taken = false;
  try {
    taken = append(lane->builder);
  } catch (...) {
    // Refused: send_rows() will say why.
  }
  if (!taken) lane->builder.abandon_row();
  state.account(*lane);
  if (!taken) return Gathered::refused;
  return state.is_full(*lane) || state.has_gathered_much() ? Gathered::full : Gathered::taken;
}

void Ingester::settle(const Destination& destination) {
  State& state = *state_;
  state.refuse_in_child();
  Lane& lane = state.find_lane(destination);
  {
    const std::lock_guard gathering(lane.gathering);
    if (state.is_full(lane)) state.cut(lane);
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
  if (state.fork_guard.in_child()) return;
  state.gather_host_rows();
  if (!state.lanes_used()) return;
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
  if (state.fork_guard.in_child() || state.closed) return;
  std::exception_ptr failure;
  try {
    state.gather_host_rows();
  } catch (...) {
    failure = std::current_exception();
  }
  state.host_gatherer = nullptr;
  {
    const std::lock_guard lock(state.mutex);
    if (state.closed.exchange(true)) return;
  }
  try {
    if (state.lanes_used()) {
      state.queue_ends();
      state.barrier();
    }
  } catch (...) {
    if (!failure) failure = std::current_exception();
  }
  state.stop();
  if (failure) std::rethrow_exception(failure);
}

std::vector<LoadStatistics> Ingester::statistics() const {
  std::vector<LoadStatistics> result;
  if (state_->fork_guard.in_child()) return result;
  const std::lock_guard lock(state_->mutex);
  for (const auto& lane : state_->lanes) result.push_back(lane->committer.statistics());
  return result;
}

}  // namespace vdk
