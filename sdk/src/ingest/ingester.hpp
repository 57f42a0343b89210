// The ingestion pipeline of one job context: rows are gathered into batches, queued within a bound
// of bytes, and committed in order by one committer per destination.
//
// A lane is everything for one method, target and table: it has one sink, one order and one line in
// the statistics. What one step sends through it is a load. Up to
// `ingester_number_of_worker_threads` lanes are committed to at once, each with as many of its
// batches as wait; nothing waits for a timer. A batch that fails is remembered for the barrier;
// later ones go on, except where the sink stores exactly once: there the load ends, so that what is
// stored stays the beginning of what was sent. After a fork the child's copy is inert: sends throw,
// everything else does nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

class HookDispatcher;

// What one lane got, from the sink's acknowledgements.
struct LoadStatistics {
  Destination destination;     // with the collection id of its first send
  std::int64_t rows_sent = 0;  // handed to the queue; rows that still gather are not counted
  std::int64_t rows_committed = 0;
  std::int64_t rows_resumed = 0;  // stored by an earlier attempt, and so not again
  std::int64_t rows_rejected = 0;
  std::int64_t values_discarded = 0;  // rows or values left out as the contract has it
  std::int64_t batches_failed = 0;
  std::vector<Rejection> rejected{};
  std::vector<Rejection> discarded{};
  std::optional<Delivery> delivery{};  // nothing before the first commit
  std::string delivery_note{};
};

// Whose rows they are.
struct IngestScope {
  std::string job_name;  // with the op id the default collection id
  std::string op_id;
  std::string execution_id;  // that the ledger knows: of the first attempt, where one is resumed
  bool resume = false;
};

class VDK_API Ingester {
 public:
  // Called after every commit, in the committer's thread; must not throw.
  using Progress = std::function<void(const LoadStatistics&)>;

  Ingester(HookDispatcher& hooks, const Configuration& configuration, IngestScope scope,
           Progress progress = {});
  ~Ingester();  // joins its threads; what was not flushed is lost, so call close()

  void add_sink(std::string_view method, SinkFactory factory,
                std::string_view section = kMainSection);
  [[nodiscard]] std::vector<std::string> methods() const;
  // Whether a sequence of the configuration names a processor of these: in lower case.
  [[nodiscard]] static bool names_processor(
      const Configuration& configuration,
      const std::function<bool(const std::string&)>& is_among_them);
  // What ingest_payload_preprocess_sequence and ingest_payload_postprocess_sequence may name. Made
  // at the first batch, in a committer's thread; before the hooks of ingestion.
  void add_preprocessor(std::string_view name, std::function<PreProcessor()> make);
  void add_postprocessor(std::string_view name, std::function<PostProcessor()> make);

  // The host gathers rows of its own; `gatherer` sends them. Called, without a lock, by the thread
  // that comes to a barrier, before it. Set before the first send; close() forgets it.
  void set_host_gatherer(std::function<void()> gatherer);

  // Fills in the defaults (ingest_method_default, ingest_target_default, collection id). A comma
  // list of methods gives one destination each. Throws Error: configuration, with a list of the
  // known methods, where one is unknown or none is given; user where a method needs a table and
  // there is none.
  [[nodiscard]] std::vector<Destination> resolve(std::string_view method, std::string_view target,
                                                 std::string_view table,
                                                 std::string_view collection_id);

  // What is sent from now on belongs to the step of this name, which is unique in the execution and
  // the same in every attempt. Before the first one rows belong to a step without a name.
  void begin_step(std::string_view name);

  // The barrier at the end of a step that went well: as flush(), and the step's loads are over, so
  // that what waits for the end of a load (a replaced table, a file) is made visible. With
  // `ingest_flush=end_of_job` only marks the step; close() does the rest.
  void end_step();

  // The same for a step that failed: its rows are stored, its loads do not come to their end.
  void abandon_step();

  // How the rows that the current step sends to the destination are stored. Throws Error (user)
  // where it has sent some already that were to be stored otherwise, or the options are incomplete.
  void set_load_options(const Destination& destination, const LoadOptions& options);

  // Queues a batch; waits while the queue is full. Copies nothing. Throws Error when the ingester
  // is closed. With `ingester_wait_to_finish_after_every_send` returns after the commit, and leaves
  // its failure to the barrier.
  void send(const Destination& destination, Batch batch);

  // Rows sent one by one gather here until the batch is large enough. `append` adds whole rows and
  // must not block; it is called under the load's lock. Where it throws, its whole rows stay and
  // the unfinished one is forgotten. May wait as send() does, after the lock is gone.
  void send_rows(const Destination& destination, const std::function<void(BatchBuilder&)>& append);

  // One row from a caller that must not wait, as it holds a lock that others need. `append` says
  // whether it took the row whole; it must not block. `refused`: nothing was taken, or another
  // thread is at the same destination, or it is its first row; send_rows() is the way then. `full`:
  // taken; call settle() soon, which may wait as send() does.
  enum class Gathered : std::uint8_t { refused, taken, full };
  [[nodiscard]] Gathered try_send_row(const Destination& destination,
                                      const std::function<bool(BatchBuilder&)>& append);
  void settle(const Destination& destination);

  // The barrier: returns when everything sent so far is committed and post-processed; throws the
  // first failure since the last barrier, as it was thrown, unless
  // `ingester_should_raise_exception_on_failure` is off.
  void flush();

  // Flushes, ends the threads and destroys the sinks, whatever flush() throws; later sends are
  // errors. Calling it again does nothing.
  void close();

  [[nodiscard]] std::vector<LoadStatistics> statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "append", "replace", "merge"; "evolve", "freeze", "discard_row", "discard_value". Nothing for any
// other word.
[[nodiscard]] VDK_API std::optional<Disposition> disposition_of(std::string_view word);
[[nodiscard]] VDK_API std::optional<Contract> contract_of(std::string_view word);

// Declares the ingestion options of the core (specification: sdk 11).
void declare_ingest_options(ConfigurationBuilder& builder);

}  // namespace vdk
