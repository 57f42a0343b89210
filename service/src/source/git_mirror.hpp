// A repository of git that has every version of every job's sources: a folder for each job, a
// commit for each version.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "source/archive.hpp"

namespace vdk::service {

struct MirrorPlace {
  std::filesystem::path repository;  // bare, on this machine; made where it is missing
  std::string branch = "master";
  std::string remote{};  // an URL without a name and password in it; empty: none
  std::string username{};
  std::string password{};
};

struct MirroredVersion {
  std::string job_name;
  std::string version;  // git's name of the folder's tree
  std::optional<std::string> reason{};
  std::optional<std::string> author{};
  Time time{};
};

// One thread, and nobody else writes to the repository. What git cannot do is an Error (platform),
// and can be tried again from begin() on.
class GitMirror {
 public:
  explicit GitMirror(MirrorPlace place) : place_(std::move(place)) {}

  // Continues what the remote has, whoever wrote it.
  void begin();
  // The commit that has the version: a new one, unless the branch's last one has it.
  [[nodiscard]] std::string commit(const MirroredVersion& version,
                                   const std::vector<SourceFile>& files);
  // Brings the commits to the remote. It is never forced: where somebody else was quicker it fails.
  void publish();
  // Packs what lies about, where that is worth it.
  void tidy();

 private:
  std::string git(const std::vector<std::string>& words, const std::filesystem::path& input = {});
  std::optional<std::string> resolve(const std::string& name);
  void make_repository();
  [[nodiscard]] std::string branch_name() const { return "refs/heads/" + place_.branch; }

  const MirrorPlace place_;
};

}  // namespace vdk::service
