// A batch's column in the form in which it travels to a column of a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres_kind.hpp"
#include "vdk/data/batch.hpp"

namespace vdk::postgres {

// How the values of a column are written into binary rows.
enum class Form {
  nothing,  // null in every row
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  date,
  timestamp,
  bytes,
  jsonb,
};

// Rows of a column that cannot be stored there.
struct Misfits {
  std::string reason;
  std::vector<std::size_t> rows;
};

struct Outgoing {
  Form form = Form::nothing;
  const Column* values = nullptr;  // the batch's, or `own`
  std::optional<Column> own{};     // where they had to be converted
  std::vector<Misfits> misfits{};
  bool needs_server = false;  // some text is to be read by the server

  [[nodiscard]] const Column& column() const noexcept { return own ? *own : *values; }
};

// What the server would do its own way.
struct ServerWays {
  int version = 0;
  bool is_utc = false;  // its sessions read times without a zone as UTC
};

// Converts to the kind as the server converts literals: numbers are rounded to integers, dates
// become timestamps, text is read. `source` must outlive the result.
[[nodiscard]] Outgoing to_binary(const Column& source, std::size_t rows, Kind kind,
                                 const ServerWays& server);
// As literals, for the server to read. Finds no misfits that to_binary finds.
[[nodiscard]] Outgoing to_text(const Column& source, std::size_t rows, Kind kind);

}  // namespace vdk::postgres
