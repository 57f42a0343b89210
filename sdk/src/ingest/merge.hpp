// Merging rows into a table by keys.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vdk/data/batch.hpp"
#include "vdk/ingest/sink.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {

// What is left of rows when the last one of each key wins: rows to delete by key, rows to update or
// insert. `null_keys` are rows that have no value in a key.
struct MergeRows {
  std::vector<std::size_t> deletions;
  std::vector<std::size_t> upserts;
  std::vector<std::size_t> null_keys;
};

// `flag` is null where there are no deletions. A flag deletes where it is true or not 0.
[[nodiscard]] MergeRows plan_merge(const Batch& batch, const std::vector<std::size_t>& keys,
                                   const Column* flag);

// Runs inside the caller's transaction. `keys` are columns of the batch, `into` the table's columns
// of all of them.
void merge_rows(TableStore& store, const TableShape& table, const Batch& batch,
                const std::vector<std::size_t>& into, const std::vector<std::size_t>& keys,
                const MergeRows& rows);

}  // namespace vdk
