// What receives a job's rows: a database's bulk path, a file, a web service.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Where rows go. Rows with equal destinations keep their order.
struct Destination {
  std::string method;  // lower case
  std::string target;  // what it means is the sink's matter; may be empty
  std::string table;   // may be empty where the sink derives it
  std::string collection_id;
  bool operator==(const Destination&) const = default;
};

// What happens to rows that the table has already: they stay, they give way to the new ones when
// the step ends well, or those with the same keys are updated.
enum class Disposition { append, replace, merge };

// What happens to a row that does not fit the table: the table changes, the row is rejected (and
// the run fails), the row is left out, or the value is.
enum class Contract { evolve, freeze, discard_row, discard_value };

struct LoadOptions {
  Disposition disposition = Disposition::append;
  // Nothing: evolve for tables that were created by a load, for others what upstream's plugin of
  // the engine did.
  std::optional<Contract> contract{};
  std::vector<std::string> keys{};  // merge: the columns that tell rows apart
  std::string delete_flag{};        // merge: rows in which this column is true delete
  bool operator==(const LoadOptions&) const = default;
};

// A load: everything that one step of one execution sends to one destination.
struct Load {
  std::string execution;  // of the run's first attempt, where it is resumed
  std::string step;       // unique in the execution, the same in every attempt
  Destination destination;
  LoadOptions options{};
  bool resume = false;  // goes on where an earlier attempt of the execution ended
};

// How much of a load was stored, or rejected for good. `digest` is a rolling hash of the first
// `rows` rows as the step sent them; `partial` rows behind them are stored too, and unhashed
// because a batch had to be split: they are counted as they came to the sink, after processors,
// which may have made more rows or fewer.
struct LoadPosition {
  std::int64_t rows = 0;
  std::uint64_t digest = 0;
  std::int64_t partial = 0;
  std::int64_t rejected = 0;  // of rows + partial
  [[nodiscard]] std::int64_t total() const noexcept { return rows + partial; }
  bool operator==(const LoadPosition&) const = default;
};

// Rows, or single values, that could not be stored and why: counted by reason and column.
struct Rejection {
  std::string reason;          // a stable code: "unknown_column", "wrong_type", "nul_byte", ...
  std::string column;          // empty where it is the whole row's
  std::string message{};       // of the first one, in the engine's or our words
  std::int64_t first_row = 0;  // counted from 1 in the load
  std::int64_t rows = 0;
};

struct WriteResult {
  std::int64_t rows_stored = 0;
  std::int64_t rows_resumed = 0;       // an earlier attempt had stored them
  std::vector<Rejection> rejected{};   // rows that fail the run unless limits allow them
  std::vector<Rejection> discarded{};  // rows or values left out as contract or engine have it
  Value metadata{};  // what post-processing may want to know of the batches; null for nothing
  [[nodiscard]] std::int64_t rows_rejected() const noexcept;
};

// What a sink promises when connections break and processes die.
enum class Delivery {
  exactly_once,
  at_least_once,  // a batch may be stored again after a failure
  idempotent,     // a repetition has no further effect
  once            // a batch is tried once
};
[[nodiscard]] VDK_API std::string_view to_string(Delivery delivery) noexcept;

// One batch on its way, as ingestion hooks see it.
struct IngestRequest {
  Destination destination;
  Batch batch;
  Value metadata{};  // of the hooks before, or of the sink that has stored it
};

// Serves one destination; called from one thread at a time, not always the same.
class VDK_API Sink {
 public:
  virtual ~Sink();

  // The next rows belong to `load`; the former load is over. Returns what an earlier attempt of
  // this load stored: its first `rows` are not written again, and the sink itself leaves out the
  // `partial` first ones of what is written then. The default knows of none.
  virtual LoadPosition begin_load(const Load& load);

  // Stores all rows of the batches, except those that it rejects, together with the position
  // `after` them, and returns once they are committed. `after.rejected`: rows that were rejected on
  // their way and do not come here, since the last write that went well. Several batches have as
  // many rows as the step sent; one alone may have been given more or fewer by processors. Throws
  // Error where nothing was stored: user where the rows or the table are wrong, platform where the
  // store failed.
  virtual WriteResult write(std::span<const Batch> batches, const LoadPosition& after) = 0;

  // Whether rows without a table's name are wrong. The default derives what it needs.
  [[nodiscard]] virtual bool needs_table() const;

  // Whether columns in another library's memory are stored from there, without a copy of ours: so
  // many more rows are stored at once. May change with the first write.
  [[nodiscard]] virtual bool takes_arrow() const;
  // A columnar engine stores whole groups of so many rows at less cost than parts of them. Not 0.
  [[nodiscard]] virtual std::size_t row_group() const;

  // Every row of the load was written: what waits for its end is made visible.
  virtual void end_load();
  // Whether rows of the open load wait for its end: until then they are not stored. The default has
  // none such.
  [[nodiscard]] virtual bool holds_back() const;

  // May change with the first write.
  [[nodiscard]] virtual Delivery delivery() const = 0;
  // Why delivery is less than exactly once, in words; empty where there is nothing to say.
  [[nodiscard]] virtual std::string delivery_note() const;
};

}  // namespace vdk
