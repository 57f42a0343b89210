// Rows as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "vdk/base/output_file.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/file_format.hpp"
#include "vdk/ingest/dead_letter.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk::file {

using FormatLookup = std::function<const FileFormat&(std::string_view name)>;

// What a load writes appears whole when the load ends, or not at all. Without a format the rows are
// appended to the target's file, as upstream does; with one every load makes a file of its own.
class FileSink : public Sink {
 public:
  FileSink(const Configuration& configuration, FormatLookup formats);

  LoadPosition begin_load(const Load& load) override;
  WriteResult write(std::span<const Batch> batches, const LoadPosition& after) override;
  void end_load() override;
  [[nodiscard]] bool holds_back() const override { return true; }
  // A file of its own takes the place of the one that an earlier attempt of the load has made.
  [[nodiscard]] Delivery delivery() const override {
    return format_.empty() ? Delivery::at_least_once : Delivery::idempotent;
  }

 private:
  void open();
  void write(const Batch& batch, std::int64_t before, WriteResult& result);
  [[nodiscard]] Batch without_misfits(const Batch& batch, std::int64_t before, WriteResult& result);
  [[nodiscard]] Batch in_columns(const Batch& batch) const;
  void append_to_file();

  const Configuration& configuration_;
  const FormatLookup formats_;
  const std::string format_;  // lower case; empty: appended as JSON lines
  const DeadLetter dead_letter_;

  // Of the load.
  Load load_;
  std::filesystem::path path_;
  std::optional<OutputFile> file_;
  std::unique_ptr<BatchWriter> writer_;  // goes before the file
  std::optional<Schema> columns_;        // of a file whose lines must be alike
  std::optional<Error> failure_;
};

}  // namespace vdk::file
