// What loads leave in a destination's schema beside their rows: how far each load has come, and
// which tables loads created.
//
// `_vdk_loads` has a row for each load, written in the transaction of its rows, so that rows and
// position cannot disagree. `_vdk_tables` has a row for each table that a load created, with the
// columns that it had then. Every function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vdk/ingest/sink.hpp"
#include "vdk/ingest/table_store.hpp"

namespace vdk {

class Ledger {
 public:
  // `beside`: the path of the destination's table; ours stand in the same schema, or in `schema`.
  Ledger(const Load& load, std::vector<std::string> beside, const std::string& schema = {});

  // Creates what is missing. Throws PermissionDenied where the account may not.
  void prepare(TableStore& store) const;

  // What is known of the load; nothing where there is no ledger or no row.
  [[nodiscard]] std::optional<LoadPosition> read(TableStore& store) const;

  // Records `after`. `before` is what is known to be recorded; where nothing is, the row of an
  // earlier attempt gives way unless the load resumes it. Throws Error (platform) where another
  // process has recorded something meanwhile, and TransactionConflict where this one has: a commit
  // whose answer was lost and that the server ended late.
  void write(TableStore& store, const std::optional<LoadPosition>& before,
             const LoadPosition& after, const std::string& staging = {}) const;

  // Removes what loads left that ended long ago, their staging tables included.
  void clean(TableStore& store) const;

  // Whether a load created the table and nobody changed its columns since, other than by adding.
  [[nodiscard]] bool created(TableStore& store, const TableShape& table) const;
  void record_table(TableStore& store, const TableShape& table) const;

 private:
  [[nodiscard]] std::vector<std::string> path(const std::string& table) const;
  [[nodiscard]] std::string identity() const;
  [[nodiscard]] bool is_own(TableStore& store) const;
  [[noreturn]] void throw_overtaken(TableStore& store) const;

  std::string execution_;
  std::string step_;
  std::string destination_;
  bool resumes_;
  std::string writer_;  // of this process's rows: tells a forgotten attempt that still writes
  std::vector<std::string> schema_;
};

}  // namespace vdk
