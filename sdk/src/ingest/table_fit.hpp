// How the rows of a batch go into a table that is there: which columns, which rows, and what
// becomes of what does not fit. Touches no database.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/data/batch.hpp"
#include "vdk/ingest/sink.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {

enum class Misfit {
  reject_row,     // and the run fails
  discard_row,    // left out and counted
  discard_value,  // the value is
};

// What a table does with what does not fit it.
struct FitRules {
  Misfit unknown = Misfit::reject_row;  // a value in a column that the table lacks
  // unknown, but a value there in the batch's first row rejects the rows that have one
  bool keeps_first_row_keys = false;
  // Nothing: types are left to the engine. Else what becomes of values that the column's type does
  // not hold.
  std::optional<Misfit> wrong_type{};
};

struct FittedRows {
  Batch batch;                    // the rows and columns that go in
  std::vector<std::size_t> into;  // for each column of it the table's column
  std::vector<std::size_t> kept;  // indices of its rows in the batch given; empty: all of them
  std::vector<std::size_t> rejected_rows;
  std::vector<Rejection> rejected;
  std::vector<Rejection> discarded;
};

using FoldName = std::function<std::string(std::string_view)>;

// How the store folds names; borrows it.
[[nodiscard]] inline FoldName folder(const TableStore& store) {
  return [&store](std::string_view name) { return store.fold(name); };
}

// The table's column for a name: the one of that very name, else the one that folds to the same.
[[nodiscard]] std::optional<std::size_t> find_column(const TableShape& table, std::string_view name,
                                                     const FoldName& fold);

// `first_row`: the number in the load of the batch's first row. `ignored`: a column that is to be
// left out of the rows (a delete flag); may be empty.
[[nodiscard]] FittedRows fit_rows(const Batch& batch, const TableShape& table,
                                  const StoreTraits& traits, const FoldName& fold,
                                  const FitRules& rules, std::int64_t first_row,
                                  std::string_view ignored = {});

}  // namespace vdk
