// Batches as CSV text.
#pragma once

#include <string>

#include "vdk/data/batch_reader.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::csv {

// RFC 4180 with LF as line end: fields have quotes where they need them, null is empty. Values read
// as text_form.hpp has them.
class CsvWriter : public BatchWriter {
 public:
  struct Options {
    bool header = false;
    char separator = ',';
  };
  // Throws Error (user) where an option is wrong, and UnknownOption.
  [[nodiscard]] static Options parse_options(const Value& options);

  CsvWriter(ByteSink sink, Options options) : sink_(std::move(sink)), options_(options) {}

  void write(const Batch& batch) override;
  void finish() override;

 private:
  void put(std::string_view field);

  ByteSink sink_;
  Options options_;
  bool begun_ = false;
  std::string text_;
};

// Reading and writing, for the plugin.
[[nodiscard]] FileFormat csv_format();

}  // namespace vdk::csv
