// The program git, run without a shell.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace vdk::service {

struct GitRun {
  std::vector<std::string> words;  // after "git"
  std::filesystem::path input{};   // what it reads; empty: nothing
  // "NAME=VALUE", besides those few of this process that git needs. Secrets go here: words are
  // seen in the list of processes.
  std::vector<std::string> variables{};
  std::chrono::seconds time_limit{300};
};

struct GitAnswer {
  int exit_code = 0;
  std::string out;
  std::string errors;
};

// Whether there is one on PATH.
[[nodiscard]] bool has_git();

// Any thread. Throws Error (platform) where it cannot be started or does not end in time; then it
// is ended with what it started.
[[nodiscard]] GitAnswer run_git(const GitRun& run);

}  // namespace vdk::service
