// Rows as a Parquet file, written by an engine of their own.
#pragma once

#include <memory>

#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::duckdb {

// Columns and their types follow the rows, as those of a table that a load created. A Parquet file
// has one type for each column, so the rows wait in a database in the directory for temporary files
// until the last one is there. Memory is bounded by the engine's limit.
class ParquetWriter : public BatchWriter {
 public:
  static constexpr const char* kMemoryLimit = "512MB";

  // Throws Error: configuration where there is no DuckDB, platform where there is no room.
  ParquetWriter(const Configuration& configuration, ByteSink sink);
  ~ParquetWriter() override;

  // Throws Error (user) where a row cannot be stored: text that is not UTF-8, two columns whose
  // names differ in their case alone. It names the reason as a table's rejection would.
  void write(const Batch& batch) override;
  void finish() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk::duckdb
