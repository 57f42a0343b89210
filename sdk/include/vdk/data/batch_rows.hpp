// Rows of a batch: some of them, and a hash of them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// The rows at these indices, in that order; types stay as they are.
[[nodiscard]] Column select_rows(const Column& column, std::span<const std::size_t> rows);
[[nodiscard]] VDK_API Batch select_rows(const Batch& batch, std::span<const std::size_t> rows);
[[nodiscard]] Batch slice_rows(const Batch& batch, std::size_t begin, std::size_t count);

// The rows of all, one after the other: batches of one schema, not none.
[[nodiscard]] VDK_API Batch concatenate_rows(std::span<const Batch> batches);

// A hash of the batch's names, types and values; what null rows hold in their buffers is left out.
// Made once for a batch and its copies. Not for use against forgery. Any thread.
[[nodiscard]] VDK_API std::uint64_t digest_rows(const Batch& batch);
// The digest of rows and those after them.
[[nodiscard]] VDK_API std::uint64_t join_digests(std::uint64_t before, std::uint64_t after);

}  // namespace vdk
