// Rows of ours as a table that a statement of DuckDB reads.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "duckdb_connection.hpp"
#include "vdk/data/batch.hpp"

namespace vdk::duckdb {

// A table function of the connection's engine that gives rows of ours, in their order, to the one
// statement that calls it. One thread at a time. The engine keeps the function until it closes; it
// gives no rows but between offer() and withdraw().
class RowsFunction {
 public:
  // Not within a transaction. Throws DuckdbError.
  explicit RowsFunction(const Connection& connection);

  // The call, as SQL: "_vdk_rows_1()".
  [[nodiscard]] const std::string& sql() const noexcept { return sql_; }

  // Batches of one schema, not none, which stay the caller's until withdraw(). Their texts must be
  // UTF-8: the engine does not look.
  void offer(std::span<const Batch> batches) noexcept;
  void withdraw() noexcept;

 private:
  struct Source;
  struct Callbacks;
  std::shared_ptr<Source> source_;  // shared with the engine
  std::string sql_;
};

}  // namespace vdk::duckdb
