// CSV files as batches.
#pragma once

#include <memory>
#include <vector>

#include "csv_options.hpp"
#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::csv {

// The files are read twice: first to find the records and the type that each column needs for all
// its values, so nothing is sent of a file that is malformed at its end; then straight into columns
// of those types. Memory is bounded by some pieces of kPieceBytes for each thread, and by the
// longest record. Rows of which nothing is left but nulls are dropped, as vdk-csv does.
class CsvReader : public BatchReader {
 public:
  static constexpr std::size_t kPieceBytes = std::size_t{2} << 20U;
  static constexpr std::size_t kLongestRecord = std::size_t{256} << 20U;

  struct Settings {
    std::size_t piece_bytes = kPieceBytes;
    std::size_t longest_record = kLongestRecord;
    std::size_t threads = 0;  // 0: as many as there are processors, at most four
  };

  // Does the first reading. Throws Error (user) with file and line where a file is malformed or
  // does not fit the options, and UnknownOption.
  CsvReader(const std::vector<InputFile>& files, ReadOptions options);
  CsvReader(const std::vector<InputFile>& files, ReadOptions options, Settings settings);
  ~CsvReader() override;

  [[nodiscard]] std::optional<Batch> next() override;
  [[nodiscard]] double progress() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk::csv
