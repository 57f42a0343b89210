// Rows on their way into a COPY FROM STDIN.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "postgres_column.hpp"
#include "postgres_session.hpp"

namespace vdk::postgres {

struct OutgoingRows {
  std::vector<Outgoing> columns;
  std::size_t rows = 0;
};

enum class CopyFormat { binary, text };

// Runs `sql`, a COPY FROM STDIN of that format, with the rows of all batches. Rows are encoded
// column by column into pieces of bounded size, however large they are together. Throws
// PostgresError; then no COPY is under way.
void copy_rows(Session& session, const std::string& sql, CopyFormat format,
               std::span<const OutgoingRows> batches);

}  // namespace vdk::postgres
