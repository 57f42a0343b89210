// Executions as processes of this machine.
//
// Each attempt is a directory and a supervisor (the program vdk-supervisor): a small process in a
// session of its own that starts the job in another, waits for it, writes its output down and at
// the end how it ended. So an attempt needs no service: one that is restarted or killed finds its
// attempts again by their directories. The supervisor holds a lock on its directory; what the
// kernel says of that lock is the proof that it lives, whatever happens to process ids.
#pragma once

#include <filesystem>
#include <memory>

#include "executor/executor.hpp"
#include "executor/output_log.hpp"

namespace vdk::service {

struct ProcessExecutorSettings {
  std::filesystem::path directory;   // of all attempts; one executor at a time has it
  std::filesystem::path supervisor;  // the program vdk-supervisor
  std::filesystem::path vdk;         // the program that runs jobs
  OutputBounds log{};
  // Where the attempts' control groups are made (cgroup v2); empty: below the service's own, where
  // that is permitted.
  std::filesystem::path cgroup{};
  // How long another executor may take to leave the directory.
  std::chrono::milliseconds patience{0};
};

// What the files of an attempt tell of it to whoever does not have the directory.
struct Observation {
  bool is_at_work = false;  // its supervisor lives
  std::optional<Ending> ending{};
};
[[nodiscard]] Observation observe_attempt(const std::filesystem::path& directory,
                                          const std::string& attempt_id);

class ProcessExecutor : public Executor {
 public:
  // Adopts what the directory holds. Throws Error (platform) where it cannot be used, or another
  // executor has it.
  explicit ProcessExecutor(ProcessExecutorSettings settings);
  // Leaves attempts at work alone: the next executor on this directory adopts them.
  ~ProcessExecutor() override;

  // Whether an executor has the directory. Throws Error where it cannot be used.
  [[nodiscard]] static bool is_in_use(const std::filesystem::path& directory);

  void start(const Launch& launch) override;
  bool cancel(const std::string& attempt_id, std::chrono::milliseconds grace) override;
  [[nodiscard]] std::optional<Attempt> find(const std::string& attempt_id) override;
  [[nodiscard]] std::vector<Attempt> list() override;
  void watch(Listener listener) override;
  [[nodiscard]] OutputPart read(const std::string& attempt_id, Output output,
                                const ReadRequest& request) override;
  bool forget(const std::string& attempt_id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vdk::service
