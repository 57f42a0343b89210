#include "store/source_store.hpp"

#include <fmt/format.h>

namespace vdk::service {

namespace {

// Left for what is small and matters more: how runs end, for one.
constexpr std::int64_t kSpareRoom = std::int64_t{1} << 20;

// A database that fills its disk keeps it full, with what it could not store. It writes everything
// twice: into its log, then into its place.
void require_room(const Connection& connection, std::size_t bytes) {
  const auto room = connection.room();
  const auto needed = 2 * static_cast<std::int64_t>(bytes) + kSpareRoom;
  if (!room || *room >= needed) return;
  throw StoreError(StoreFailure::full,
                   fmt::format("{} bytes are free on the disk, and {} are needed", *room, needed));
}

}  // namespace

void put_source(Connection& connection, std::string_view job_name, const SourceUpload& upload) {
  require_room(connection, upload.archive.size());
  connection.run(
      "INSERT INTO source_version (job_name, version, archive, reason, author, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (job_name, version) DO NOTHING",
      {job_name, upload.version, Blob{upload.archive}, upload.reason, upload.author, now()});
  connection.run("UPDATE job SET source_version = $2 WHERE name = $1", {job_name, upload.version});
}

std::optional<std::string> find_source(Connection& connection, std::string_view job_name,
                                       std::string_view version) {
  const auto found =
      connection.run("SELECT archive FROM source_version WHERE job_name = $1 AND version = $2",
                     {job_name, version});
  if (found.rows.empty()) return std::nullopt;
  return found.rows.front()[0].bytes();
}

bool has_source(Connection& connection, std::string_view job_name, std::string_view version) {
  return !connection
              .run("SELECT 1 FROM source_version WHERE job_name = $1 AND version = $2",
                   {job_name, version})
              .rows.empty();
}

void clear_source(Connection& connection, std::string_view job_name) {
  connection.run("UPDATE job SET source_version = NULL WHERE name = $1", {job_name});
}

}  // namespace vdk::service
