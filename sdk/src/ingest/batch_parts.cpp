#include "ingest/batch_parts.hpp"

#include <algorithm>
#include <set>

#include "vdk/data/batch_rows.hpp"

namespace vdk {

std::size_t count_rows(std::span<const Batch> batches) {
  std::size_t rows = 0;
  for (const Batch& batch : batches) rows += batch.rows();
  return rows;
}

std::pair<std::vector<Batch>, std::vector<Batch>> halve(std::span<const Batch> batches,
                                                        std::size_t count) {
  std::pair<std::vector<Batch>, std::vector<Batch>> halves;
  for (const Batch& batch : batches) {
    const std::size_t first = std::min(count, batch.rows());
    count -= first;
    if (first != 0) halves.first.push_back(slice_rows(batch, 0, first));
    if (first != batch.rows()) {
      halves.second.push_back(slice_rows(batch, first, batch.rows() - first));
    }
  }
  return halves;
}

std::vector<Batch> without(std::span<const Batch> batches, const std::vector<std::size_t>& rows) {
  const std::set<std::size_t> gone(rows.begin(), rows.end());
  std::vector<Batch> rest;
  std::size_t begin = 0;
  for (const Batch& batch : batches) {
    std::vector<std::size_t> kept;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (!gone.contains(begin + row)) kept.push_back(row);
    }
    begin += batch.rows();
    if (kept.size() == batch.rows()) {
      rest.push_back(batch);
    } else if (!kept.empty()) {
      rest.push_back(select_rows(batch, kept));
    }
  }
  return rest;
}

}  // namespace vdk
