// Rows of Python on their way to ingestion plugins of Python: the caller's own dicts, by reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cells.hpp"
#include "python.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/data/host_rows.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

// What a row takes: as the text by which batches are cut, and in memory. Estimated without running
// any code of the row. Needs the interpreter lock.
struct RowSize {
  std::size_t text = 0;
  std::size_t memory = 0;
};
[[nodiscard]] RowSize row_size(nb::handle dict);

// One batch of rows. What plugins make of it stays in it: so sinks and processors pass rows and
// metadata on to each other. Members need the interpreter lock unless they say otherwise.
class PythonRows final : public HostRows {
 public:
  // `list` holds dicts, of about so many bytes; `destination` is where they were sent.
  PythonRows(nb::object list, std::size_t bytes, Destination destination);

  // Without the lock.
  [[nodiscard]] std::size_t rows() const noexcept override { return rows_; }
  [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
  [[nodiscard]] std::uint64_t digest() const override;
  [[nodiscard]] std::shared_ptr<HostRows> slice(std::size_t begin,
                                                std::size_t count) const override;

  [[nodiscard]] nb::handle list() const noexcept { return list_.get(); }
  [[nodiscard]] nb::handle metadata() const noexcept { return metadata_.get(); }
  void set_metadata(nb::object metadata) { metadata_ = SharedObject(std::move(metadata)); }
  // Where the rows were sent, whatever processors made of it.
  [[nodiscard]] const Destination& destination() const noexcept { return destination_; }
  // As a processor wants to have it; empty for the destination's own.
  std::string collection_id{};

  // The batch with other rows.
  [[nodiscard]] std::shared_ptr<PythonRows> with_list(nb::object list) const;

 private:
  SharedObject list_;
  SharedObject metadata_;
  std::size_t rows_;
  std::size_t bytes_;
  Destination destination_;
};

// The rows of any batch as dicts. Needs the interpreter lock.
[[nodiscard]] std::shared_ptr<PythonRows> python_rows(const Batch& batch,
                                                      const Destination& destination);

// Dicts as a batch of columns, without those rows that have a value which is none of a table's.
struct EncodedRows {
  struct Refused {
    std::size_t row = 0;
    std::string column;
    std::string why;
  };
  Batch batch;
  std::vector<Refused> refused;
};
// Needs the interpreter lock, and runs code of the values' classes. Throws what is no failure of a
// value: an interrupt, an exhausted memory.
[[nodiscard]] EncodedRows encode(const PythonRows& rows, const CellRules& rules);

// The refused rows, with Python's representation of the values for which they were. Likewise.
[[nodiscard]] Batch describe(const PythonRows& rows, std::span<const EncodedRows::Refused> refused,
                             const CellRules& rules);

}  // namespace vdk
