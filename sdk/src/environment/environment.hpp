// Python environments of jobs, made from their requirements.txt and shared by all that require the
// same.
//
// An environment is named by its content: the text of the requirements, the interpreter, and this
// program. It is found again in milliseconds; making one without requirements needs no network and
// no installer. Our own distribution is part of every environment and stays what it is: lines that
// name upstream's are passed over, and what packages demand of it is overruled.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace vdk {

struct EnvironmentRequest {
  std::filesystem::path job;  // its requirements.txt counts, where there is one
  // The interpreter: a path, a name on PATH, or a version ("3.11"); empty: the one that the program
  // would run the job with.
  std::string python{};
};

struct EnvironmentSettings {
  // Of the cache. Empty: `environments` in the directory of local state.
  std::filesystem::path directory{};
  std::chrono::seconds time_limit{1800};  // of one build, its waits included
  // Further words for every `pip install` ("--index-url", ...).
  std::vector<std::string> installer_options{};
  // Gets what the build says, a line at a time without its end, in the thread that builds.
  std::function<void(std::string_view line)> log{};
};

// An environment that is complete. It is not evicted while this object lives, nor while a process
// does to which the hold was handed on.
class Environment {
 public:
  Environment(std::string key, std::filesystem::path directory, bool was_made, FileLock hold);

  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  // Absolute, and never changed: scripts in it know their place.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
  [[nodiscard]] std::filesystem::path python() const { return directory_ / "bin" / "python"; }
  // Whether this call made it, or found it.
  [[nodiscard]] bool was_made() const noexcept { return was_made_; }

  // Keeps the hold for what this process becomes by exec.
  void hold_through_exec() noexcept;

 private:
  std::string key_;
  std::filesystem::path directory_;
  bool was_made_;
  FileLock hold_;
};

// The environment of a job: the one that is there, or a new one. Of several that ask for the same
// at a time, in any processes, one builds and the others wait. Any thread.
//
// Throws Error: user where the requirements cannot be installed (`why` holds the installer's last
// lines), configuration where there is no such interpreter, platform where the cache cannot be
// written or the time is over. What failed leaves nothing that is taken for an environment.
[[nodiscard]] Environment provide_environment(const EnvironmentRequest& request,
                                              const EnvironmentSettings& settings);

// What names the environment that the request would get; nothing is made. Two requests with one key
// get the same.
[[nodiscard]] std::string environment_key(const EnvironmentRequest& request,
                                          const EnvironmentSettings& settings);

struct EvictionRules {
  std::chrono::seconds unused_for{std::chrono::hours{24 * 30}};
  std::set<std::string> keep{};  // keys that stay in any case
};

// Removes environments that nobody used for so long, and what builds left that were killed. Returns
// how many environments went. Throws Error (platform).
int evict_environments(const EnvironmentSettings& settings, const EvictionRules& rules);

}  // namespace vdk
