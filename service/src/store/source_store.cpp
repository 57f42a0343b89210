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
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (job_name, version) DO UPDATE SET mirrored_as = "
      "NULL",
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

std::vector<UnmirroredVersion> unmirrored(Connection& connection, int most) {
  const auto found = connection.run(
      "SELECT job_name, version, archive, reason, author, source_version.created_at "
      "FROM source_version JOIN job ON job.name = job_name WHERE mirrored_as IS NULL "
      "ORDER BY CASE WHEN version = job.source_version THEN 1 ELSE 0 END, "
      "source_version.created_at "
      "LIMIT $1",
      {most});
  std::vector<UnmirroredVersion> versions;
  for (const auto& row : found.rows) {
    versions.push_back({.job_name = row[0].text(),
                        .upload = {.version = row[1].text(),
                                   .archive = row[2].bytes(),
                                   .reason = row[3].text_if(),
                                   .author = row[4].text_if()},
                        .time = row[5].time()});
  }
  return versions;
}

void mark_mirrored(Connection& connection, std::string_view job_name, std::string_view version,
                   std::string_view commit) {
  connection.run("UPDATE source_version SET mirrored_as = $3 WHERE job_name = $1 AND version = $2",
                 {job_name, version, commit});
}

}  // namespace vdk::service
