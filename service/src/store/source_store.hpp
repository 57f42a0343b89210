// Versions of jobs' sources, by their content.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace vdk::service {

struct SourceUpload {
  std::string version;
  std::string archive;
  std::optional<std::string> reason;
  std::optional<std::string> author;
};

// Stores it, unless it is there, and makes it what a download gives; the mirror is to follow.
// Throws StoreError (full) before it fills the disk.
void put_source(Connection& connection, std::string_view job_name, const SourceUpload& upload);
// The archive of a version, or nothing.
[[nodiscard]] std::optional<std::string> find_source(Connection& connection,
                                                     std::string_view job_name,
                                                     std::string_view version);
[[nodiscard]] bool has_source(Connection& connection, std::string_view job_name,
                              std::string_view version);
// There are none to download from now on; versions stay, and can be deployed.
void clear_source(Connection& connection, std::string_view job_name);

struct UnmirroredVersion {
  std::string job_name;
  SourceUpload upload;
  Time time;
};
// What the mirror has still to take, the oldest first, and of a job last what a download gives.
[[nodiscard]] std::vector<UnmirroredVersion> unmirrored(Connection& connection, int most);
void mark_mirrored(Connection& connection, std::string_view job_name, std::string_view version,
                   std::string_view commit);

}  // namespace vdk::service
