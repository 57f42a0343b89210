#include "ingest/committer.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "ingest/destination.hpp"
#include "ingest/rejections.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/data/batch_rows.hpp"

namespace vdk {
namespace {

constexpr std::string_view kLogger = "vdk.ingest";

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

std::exception_ptr stopped_load(const Destination& destination) {
  return std::make_exception_ptr(platform_error(
      {.what = fmt::format("Rows for {} were not stored.", in_words(destination)),
       .why = "An earlier batch of the same step failed, and rows are stored in order.",
       .consequence = "What is stored is the beginning of what the step sent.",
       .countermeasure = "See the first error; then run again, or resume the run."}));
}

}  // namespace

// One batch while it is committed.
struct Committer::Passage {
  IngestRequest request;
  LoadPosition after{};
  std::exception_ptr failure{};
  bool written = false;  // or not to be: it was stored before, or has no rows
  bool resumed = false;  // it was stored before: nobody need hear of it again

  void take(const WriteResult& result) {
    written = true;
    if (!result.metadata.is_null()) request.metadata = result.metadata;
  }
};

Committer::Committer(CommitContext& context, const Destination& destination, SinkMaker maker)
    : context_(context), destination_(destination), maker_(std::move(maker)) {
  statistics_.destination = destination;
}

Committer::~Committer() = default;

bool Committer::takes_many() const {
  return context_.hooks.pre_ingest_process.empty() && context_.hooks.post_ingest_process.empty() &&
         !context_.processors.has_pre() && !context_.processors.has_post();
}

std::size_t Committer::bytes_to_store(const Item& item) const noexcept {
  return sink_ && sink_->takes_arrow() ? item.bytes : item.bytes_read;
}

std::size_t Committer::row_group() const noexcept { return sink_ ? sink_->row_group() : 1; }

void Committer::prepare(const Item& first) noexcept {
  try {
    if (!takes_many() || (step_ == first.step && begun_)) return;
    open_load(first);
    begin_load();
  } catch (...) {
    unprepared_ = std::current_exception();
  }
}

void Committer::commit(std::vector<Item> items) {
  std::vector<Passage> passages;
  passages.reserve(items.size());
  const Item first{.destination = items.front().destination,
                   .batch = {},
                   .step = items.front().step,
                   .options = items.front().options};
  for (Item& item : items) {
    passages.push_back({{std::move(item.destination), std::move(item.batch)}});
  }
  items.clear();
  try {
    if (unprepared_) std::rethrow_exception(std::exchange(unprepared_, nullptr));
    open_load(first);
    locate(passages);
    write_all(passages);
  } catch (...) {
    for (Passage& passage : passages) {
      if (!passage.written && !passage.failure) passage.failure = std::current_exception();
    }
  }
  for (Passage& passage : passages) finish(passage);
  if (sink_) {
    const std::lock_guard lock(counting_);
    statistics_.delivery = sink_->delivery();
    statistics_.delivery_note = sink_->delivery_note();
  }
  const bool any = std::ranges::any_of(passages, &Passage::written);
  if (any && context_.progress) context_.progress(statistics());
}

void Committer::end_load(const std::shared_ptr<const Step>& step) {
  try {
    if (step_ == step) close_load();
  } catch (...) {
    context_.outcome.fail(std::current_exception());
  }
}

void Committer::drop_sinks() {
  reroutes_.clear();
  sink_.reset();
}

// Makes the open load that of the batch's step.
void Committer::open_load(const Item& first) {
  if (step_ == first.step) return;
  if (step_) close_load();
  load_ = {.execution = context_.scope.execution_id,
           .step = first.step->name,
           .destination = destination_,
           .options = first.options ? *first.options : context_.settings().load_options,
           .resume = context_.scope.resume};
  broken_ = false;
  begun_ = false;
  position_ = {};
  resumed_ = {};
  reroutes_.clear();
  if (load_.resume) begin_load();
  step_ = first.step;
}

void Committer::begin_load() {
  if (begun_) return;
  if (!sink_) sink_ = maker_.make(context_.configuration, destination_);
  resumed_ = sink_->begin_load(load_);
  begun_ = true;
  if (resumed_.rejected == 0) return;
  const std::lock_guard lock(counting_);
  reject({{"rejected_before", "",
           "An earlier attempt of this execution rejected rows of this load; they were not sent "
           "again.",
           1, resumed_.rejected}});
}

void Committer::close_load() {
  const bool went_well = std::exchange(step_, nullptr)->went_well;
  const std::int64_t held_back = std::exchange(held_back_, 0);
  if (!went_well || broken_) return;
  if (position_.rows < resumed_.rows) {
    throw unrepeated_rows(destination_, resumed_.total());
  }
  for (const auto& [key, other] : reroutes_) other.sink->end_load();
  if (begun_) sink_->end_load();
  if (held_back == 0) return;
  {
    const std::lock_guard lock(counting_);
    statistics_.rows_committed += held_back;
  }
  if (context_.progress) context_.progress(statistics());
}

// Gives every batch its position and drops those that an earlier attempt has stored.
void Committer::locate(std::vector<Passage>& passages) {
  for (Passage& passage : passages) {
    const Batch& batch = passage.request.batch;
    const auto rows = static_cast<std::int64_t>(batch.rows());
    const std::int64_t before = position_.rows;
    position_.digest = join_digests(position_.digest, digest_rows(batch));
    position_.rows += rows;
    passage.after = position_;
    if (before >= resumed_.rows) continue;
    if (position_.rows > resumed_.rows ||
        (position_.rows == resumed_.rows && position_.digest != resumed_.digest)) {
      broken_ = true;
      throw unrepeated_rows(destination_, resumed_.total());
    }
    count_resumed(rows);
    passage.written = true;
    passage.resumed = true;
    passage.request.batch = Batch();
  }
}

void Committer::write_all(std::vector<Passage>& passages) {
  std::vector<std::size_t> ready;
  const auto write_ready = [&] {
    write(passages, ready);
    ready.clear();
  };
  for (std::size_t i = 0; i < passages.size(); ++i) {
    Passage& passage = passages[i];
    if (passage.written) continue;
    try {
      preprocess(passage);
    } catch (...) {
      write_ready();
      fail(passage, std::current_exception());
      continue;
    }
    if (passage.request.batch.rows() == 0) {
      passage.written = true;
    } else if (!share_lane(destination_, passage.request.destination)) {
      write_ready();
      reroute(passage);
    } else {
      ready.push_back(i);
    }
  }
  write_ready();
}

void Committer::preprocess(Passage& passage) {
  for (const PreProcessor& process : context_.processors.pre()) process(passage.request);
  if (!context_.hooks.pre_ingest_process.empty()) {
    context_.hooks.pre_ingest_process.call(passage.request);
  }
}

// The batches at `indices` together; where that fails, one by one.
void Committer::write(std::vector<Passage>& passages, std::span<const std::size_t> indices) {
  if (indices.empty()) return;
  if (broken_) {
    for (const std::size_t index : indices) passages[index].failure = stopped_load(destination_);
    return;
  }
  std::vector<Batch> batches;
  batches.reserve(indices.size());
  for (const std::size_t index : indices) batches.push_back(passages[index].request.batch);
  try {
    begin_load();
    const WriteResult result = sink_->write(batches, passages[indices.back()].after);
    for (const std::size_t index : indices) passages[index].take(result);
    count(*sink_, result);
  } catch (...) {
    if (indices.size() == 1) return fail(passages[indices.front()], std::current_exception());
    for (const std::size_t& index : indices) write(passages, std::span(&index, 1));
  }
}

// A batch that a hook sends elsewhere: a load of its own, which a resumed run does not know.
void Committer::reroute(Passage& passage) {
  const Destination& destination = passage.request.destination;
  try {
    Reroute& other = reroutes_[lane_key(destination)];
    if (!other.sink) {
      const SinkMaker maker = destination.method == destination_.method
                                  ? maker_
                                  : context_.sinks.get(destination.method);
      other.sink = maker.make(context_.configuration, destination);
      Load load = load_;
      load.destination = destination;
      load.resume = false;
      other.sink->begin_load(load);
    }
    other.position.rows += static_cast<std::int64_t>(passage.request.batch.rows());
    const WriteResult result =
        other.sink->write(std::span(&passage.request.batch, 1), other.position);
    passage.take(result);
    count(*other.sink, result);
  } catch (...) {
    passage.failure = std::current_exception();
  }
}

void Committer::fail(Passage& passage, std::exception_ptr failure) {
  passage.failure = std::move(failure);
  if (sink_ && sink_->delivery() == Delivery::exactly_once) broken_ = true;
}

// What follows a batch, stored or failed.
void Committer::finish(Passage& passage) {
  if (passage.resumed) return;
  try {
    std::optional<Error> made;
    const Error* const error = error_of(passage.failure, made);
    for (const PostProcessor& process : context_.processors.post()) process(passage.request, error);
    if (!context_.hooks.post_ingest_process.empty()) {
      context_.hooks.post_ingest_process.call(passage.request, error);
    }
  } catch (...) {
    if (!passage.failure) passage.failure = std::current_exception();
  }
  if (!passage.failure) return;
  if (context_.settings().log_errors) {
    log(LogLevel::warning, kLogger,
        fmt::format("A batch of {} {} for {} failed: {}", passage.request.batch.rows(),
                    plural(passage.request.batch.rows(), "row", "rows"),
                    in_words(passage.request.destination), message_of(passage.failure)));
  }
  {
    const std::lock_guard lock(counting_);
    ++statistics_.batches_failed;
  }
  context_.outcome.fail(passage.failure);
}

void Committer::count_sent(std::size_t rows) {
  const std::lock_guard lock(counting_);
  statistics_.rows_sent += static_cast<std::int64_t>(rows);
}

void Committer::count_resumed(std::int64_t rows) {
  const std::lock_guard lock(counting_);
  statistics_.rows_resumed += rows;
}

void Committer::count(const Sink& sink, const WriteResult& result) {
  const std::lock_guard lock(counting_);
  (sink.holds_back() ? held_back_ : statistics_.rows_committed) += result.rows_stored;
  statistics_.rows_resumed += result.rows_resumed;
  reject(result.rejected);
  for (const Rejection& discarded : result.discarded) {
    statistics_.values_discarded += discarded.rows;
  }
  add_rejections(statistics_.discarded, result.discarded);
}

void Committer::reject(const std::vector<Rejection>& rejected) {
  add_rejections(statistics_.rejected, rejected);
  for (const Rejection& rejection : rejected) statistics_.rows_rejected += rejection.rows;
  context_.outcome.reject(destination_, rejected);
}

LoadStatistics Committer::statistics() const {
  const std::lock_guard lock(counting_);
  return statistics_;
}

}  // namespace vdk
