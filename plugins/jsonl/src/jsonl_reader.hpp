// JSON Lines as batches.
#pragma once

#include <memory>
#include <vector>

#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::jsonl {

// Objects that follow one another in UTF-8 text, one a line or not, or in one list. Memory is
// bounded by a batch and by the longest object.
class JsonlReader : public BatchReader {
 public:
  struct Settings {
    std::size_t piece_bytes = std::size_t{1} << 20U;
    std::size_t batch_bytes = std::size_t{4} << 20U;
    std::size_t longest_object = std::size_t{256} << 20U;
  };

  explicit JsonlReader(const std::vector<InputFile>& files);
  JsonlReader(const std::vector<InputFile>& files, Settings settings);
  ~JsonlReader() override;

  // Throws Error (user) with file and line where the text is no object.
  [[nodiscard]] std::optional<Batch> next() override;
  [[nodiscard]] double progress() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk::jsonl
