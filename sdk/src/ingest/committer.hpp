// The sink's side of a lane: its batches pass the hooks and are stored, load after load.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ingest/ingester.hpp"
#include "ingest/outcome.hpp"
#include "ingest/processors.hpp"
#include "ingest/settings.hpp"
#include "ingest/sink_registry.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/hooks/hooks.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

struct Step {
  std::string name;
  std::atomic<bool> went_well = false;
};

// A batch on its way to the sink, or the end of a load.
struct Item {
  Destination destination;
  Batch batch;
  std::size_t bytes = 0;       // while it waits
  std::size_t bytes_read = 0;  // while it is stored by something that reads its columns
  std::shared_ptr<const Step> step{};
  std::shared_ptr<const LoadOptions> options{};  // null: those of the configuration
  bool ends_load = false;
};

// What the committers of an ingestion share; outlives them.
struct CommitContext {
  HookDispatcher& hooks;
  const Configuration& configuration;
  LateSettings& settings;
  const SinkRegistry& sinks;
  Processors& processors;
  const IngestScope& scope;
  const Ingester::Progress& progress;
  Outcome& outcome;
};

// Owns the sink, which is made when the first batch needs it. `prepare`, `commit`, `end_load`
// and `drop_sinks` are called by one thread at a time, not always the same; the rest by any.
// Failures go to the context's outcome; nothing throws.
class Committer {
 public:
  Committer(CommitContext& context, const Destination& destination, SinkMaker maker);
  ~Committer();

  // Makes the sink ready for the load that the batch belongs to, so that more of its batches gather
  // meanwhile. What fails, fails the next commit.
  void prepare(const Item& first) noexcept;
  // Stores batches of one step; all have been tried when it returns.
  void commit(std::vector<Item> items);
  // Ends the step's load where it is the open one: what waits for the end is made visible if the
  // step went well.
  void end_load(const std::shared_ptr<const Step>& step);
  void drop_sinks();

  // Whether several batches may be stored at once: hooks are to see one after the other.
  [[nodiscard]] bool takes_many() const;

  // What the batch counts among those that are stored at once. Not while one of the four works.
  [[nodiscard]] std::size_t bytes_to_store(const Item& item) const noexcept;

  // Rows that the sink stores best together, counted from the load's begin. Likewise.
  [[nodiscard]] std::size_t row_group() const noexcept;

  void count_sent(std::size_t rows);
  [[nodiscard]] LoadStatistics statistics() const;

 private:
  struct Passage;
  // Rows that hooks gave another destination.
  struct Reroute {
    std::unique_ptr<Sink> sink;
    LoadPosition position{};
  };

  void open_load(const Item& first);
  void begin_load();
  void close_load();
  void locate(std::vector<Passage>& passages);
  void preprocess(Passage& passage);
  void write_all(std::vector<Passage>& passages);
  void write(std::vector<Passage>& passages, std::span<const std::size_t> indices);
  void reroute(Passage& passage);
  void fail(Passage& passage, std::exception_ptr failure);
  void finish(Passage& passage);

  void count(const Sink& sink, const WriteResult& result);
  void count_resumed(std::int64_t rows);
  void reject(const std::vector<Rejection>& rejected);  // `counting_` is held

  CommitContext& context_;
  const Destination destination_;  // with the collection id of the first send
  const SinkMaker maker_;

  mutable std::mutex counting_;
  LoadStatistics statistics_;  // guarded by it

  std::unique_ptr<Sink> sink_;
  std::shared_ptr<const Step> step_;  // of the open load
  Load load_;
  bool begun_ = false;                       // the sink knows of the load
  std::exception_ptr unprepared_{};          // why it does not, where prepare() failed
  LoadPosition position_;                    // of what came through, stored or not
  LoadPosition resumed_;                     // what an earlier attempt of the load has stored
  std::int64_t held_back_ = 0;               // rows that are stored when the load has ended
  bool broken_ = false;                      // a batch of an exactly-once load failed
  std::map<std::string, Reroute> reroutes_;  // by lane_key: where hooks sent batches instead
};

}  // namespace vdk
