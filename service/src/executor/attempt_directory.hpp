// What an attempt is on disk. Its supervisor and the executor know each other by these files alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executor/executor.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

class AttemptDirectory {
 public:
  explicit AttemptDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // Written once, before anything runs: whose attempt it is.
  [[nodiscard]] std::filesystem::path launch() const { return path_ / "launch"; }
  // Locked by the supervisor from before it runs until it is gone.
  [[nodiscard]] std::filesystem::path lock() const { return path_ / "lock"; }
  // A record: the job's process, before its program runs.
  [[nodiscard]] std::filesystem::path started() const { return path_ / "started"; }
  // A record: the ending.
  [[nodiscard]] std::filesystem::path ended() const { return path_ / "ended"; }
  // What the supervisor itself complains of.
  [[nodiscard]] std::filesystem::path complaints() const { return path_ / "complaints"; }
  // The wish to cancel, and the grace.
  [[nodiscard]] std::filesystem::path cancel() const { return path_ / "cancel"; }
  [[nodiscard]] std::filesystem::path arguments() const { return path_ / "arguments"; }
  [[nodiscard]] std::filesystem::path termination() const { return path_ / "termination"; }
  [[nodiscard]] std::filesystem::path events() const { return path_ / "events"; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "log"; }
  // Where the run works; goes with its end.
  [[nodiscard]] std::filesystem::path work() const { return path_ / "work"; }

 private:
  std::filesystem::path path_;
};

// Which process it was, as far as the kernel tells. A process id is given again to others.
struct ProcessMark {
  int pid = 0;
  std::string start_time;
  bool operator==(const ProcessMark&) const = default;
};
[[nodiscard]] ProcessMark mark_of(int pid);
[[nodiscard]] std::string current_boot();

// Whose attempt it is.
struct LaunchFacts {
  std::string attempt_id;
  std::string execution_id;
  std::string job_name;
  std::string boot;
  TimePoint time{};
  // In the environment of everything that the attempt starts: "NAME=VALUE".
  std::string mark;
};
[[nodiscard]] Value to_value(const LaunchFacts& facts);
[[nodiscard]] std::optional<LaunchFacts> read_launch(const AttemptDirectory& attempt);

// What is known of a job whose program was let run.
struct StartedFacts {
  ProcessMark supervisor;
  ProcessMark job;
  std::string boot;
  std::vector<std::filesystem::path> cgroup;  // its directories, where it has any
  std::vector<std::string> enforcement;
};
[[nodiscard]] Value to_value(const StartedFacts& facts);
[[nodiscard]] std::optional<StartedFacts> read_started(const AttemptDirectory& attempt);

[[nodiscard]] Value to_value(const Ending& ending);
[[nodiscard]] std::optional<Ending> read_ending(const AttemptDirectory& attempt);

// Fills in what the run itself said at its end.
void read_termination(const AttemptDirectory& attempt, Ending& ending);

// The grace of a wish to cancel; nothing where there is none.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_cancel(const AttemptDirectory& attempt);

}  // namespace vdk::service
