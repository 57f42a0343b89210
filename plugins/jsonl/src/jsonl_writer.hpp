// Batches as JSON Lines.
#pragma once

#include <string>

#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::jsonl {

// One object a line, nulls included; JSON values as they are, real numbers that JSON lacks as NaN
// and Infinity (as Python's json module has them), what JSON has no type for as text.
class JsonlWriter : public BatchWriter {
 public:
  explicit JsonlWriter(ByteSink sink) : sink_(std::move(sink)) {}
  void write(const Batch& batch) override;
  void finish() override;

 private:
  void put_text(std::string_view text);
  void put_cell(const Column& column, std::size_t row);

  ByteSink sink_;
  std::string text_;
};

// Reading and writing, for the plugin. There are no options.
[[nodiscard]] FileFormat jsonl_format();

}  // namespace vdk::jsonl
