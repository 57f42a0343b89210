// Everything for one method, target and table: one sink, one order, one line in the statistics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "ingest/committer.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// Passive: the ingester gathers into it, the queue schedules it, and one worker at a time lets its
// committer work. Each part says by what it is guarded.
struct Lane {
  Lane(CommitContext& context, Destination to, SinkMaker maker)
      : destination(std::move(to)), committer(context, destination, std::move(maker)) {}

  const Destination destination;  // with the collection id of the first send

  // Guards what the senders share; taken before every other lock, never after one.
  std::mutex gathering;
  BatchBuilder builder;
  std::string collection_id;  // of the rows in the builder
  std::size_t gathered_bytes = 0;
  std::shared_ptr<const LoadOptions> options;  // of the loads of options_step; null: the default
  std::shared_ptr<const Step> options_step;
  std::shared_ptr<const Step> pushed_step;  // of the last batch queued; null after its load's end
  std::size_t pushed_rows = 0;              // of the step's load

  // The queue's, guarded by its lock.
  std::deque<Item> waiting;
  bool scheduled = false;  // among the runnable lanes, or with a worker
  std::uint64_t pushed = 0;
  std::uint64_t finished = 0;
  std::uint64_t wanted = 0;  // somebody waits until so many are finished
  std::size_t waiting_rows = 0;
  std::size_t taken_rows = 0;  // of the load whose batches are taken

  Committer committer;
};

}  // namespace vdk
