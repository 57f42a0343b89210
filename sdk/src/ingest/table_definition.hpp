// The tables of loads: made from the rows, and changed as the rows need it.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>

#include "ingest/table_settings.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {

// Serves one load after the other; whether its table may change is the caller's to know. Borrows
// the settings and the open load's options. Every function runs in the caller's transaction.
class TableDefinition {
 public:
  TableDefinition(const TableSettings& settings, const LoadOptions& options)
      : settings_(settings), options_(options) {}

  void begin_load() { filled_.clear(); }

  // Makes the table at the place with the columns of the batch. Throws Error (user) where tables
  // may not be created.
  void create(TableStore& store, const TableShape& place, const Batch& batch) const;

  // Whether evolve() would change the table.
  [[nodiscard]] bool must_evolve(TableStore& store, const TableShape& table, const Batch& batch);
  // Adds columns and widens types; true where something changed. `table` is as it is then.
  bool evolve(TableStore& store, TableShape& table, const Batch& batch);

  // The field is not stored: it tells rows of a merge that delete.
  [[nodiscard]] bool is_flag(const Field& field) const;

 private:
  std::string wider(TableStore& store, const TableShape& table, const TableColumn& known,
                    const Batch& batch, std::size_t index);

  const TableSettings& settings_;
  const LoadOptions& options_;
  std::set<std::string> filled_;  // columns of text that have values
};

}  // namespace vdk
