// Parquet files, read by an engine of their own in memory.
#pragma once

#include <memory>
#include <vector>

#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::duckdb {

// All files as one source, columns matched by name. What a batch has no type for is JSON (nested
// values) or text (times of day, intervals); nothing is rounded. Memory is bounded by kMemoryLimit,
// which is the engine's, and one batch.
class ParquetReader : public BatchReader {
 public:
  static constexpr const char* kMemoryLimit = "256MB";

  // Throws Error (user) where a file is no Parquet file, configuration where there is no DuckDB.
  ParquetReader(const Configuration& configuration, const std::vector<InputFile>& files);
  ~ParquetReader() override;

  [[nodiscard]] std::optional<Batch> next() override;
  [[nodiscard]] double progress() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reading and writing, for the plugin. There are no options.
[[nodiscard]] FileFormat parquet_format();

}  // namespace vdk::duckdb
