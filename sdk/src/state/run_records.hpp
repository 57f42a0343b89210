// What this machine remembers of its runs: one small file a run under `<local state>/runs/<job>/`.
//
// Keeping records never fails a run: where they cannot be written, one warning says so.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/process_identity.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

struct RunRecord {
  std::string job{};
  std::string execution_id{};
  std::string op_id{};
  std::string attempt_id{};
  std::string directory{};
  std::string start{};  // times as to_iso8601 writes them; `end` is empty while the run goes on
  std::string end{};
  // "running", what end_record was given, or "lost": the run ended without saying how.
  std::string status{"running"};
  std::optional<int> exit_code{};
  std::int64_t rows = 0;
  std::string resumes{};   // the first execution of a chain of resumed ones; empty for any other
  bool resumable = false;  // it did not succeed, and its finished steps are known
  std::string version{};
  ProcessIdentity process{};
  bool written = false;  // the start is in the file
};

// Writes the record with this process, this moment and the status "running". A later attempt of the
// same execution replaces the record of the former.
void start_record(RunRecord& record) noexcept;

// Replaces the record of start_record by one that says how the run ended. Any thread; does nothing
// in a forked child.
void end_record(const RunRecord& record, std::string_view status, int exit_code,
                std::int64_t rows) noexcept;

// Remembers that a step of the run is finished and need not run again. Any thread; does nothing in
// a forked child. `lasting`: also where the machine itself fails.
void record_finished_step(const RunRecord& record, std::string_view step, bool lasting) noexcept;

// The steps that the run, or the ones that it resumes, have finished.
[[nodiscard]] std::vector<std::string> finished_steps(const RunRecord& record);

// The latest first, of one job or (empty) of all. A record that says "running" while its process is
// gone reads as "lost", and so does a file that cannot be understood: never as a success.
[[nodiscard]] std::vector<RunRecord> list_records(std::string_view job);

// Removes the records of runs that ended longer ago than `age`, of one job or (empty) of all.
// Returns how many.
std::size_t remove_records(std::string_view job, std::chrono::seconds age);

// The record as `vdk runs --output json` prints it.
[[nodiscard]] Value to_value(const RunRecord& record);

// Tells the runs of one job that go on at the same time of each other.
class RunGuard {
 public:
  RunGuard(std::string_view job, std::string_view execution_id) noexcept;
  // "execution ID (process 123)" of a run that was at work when this one began; nothing where there
  // was none.
  [[nodiscard]] const std::optional<std::string>& other_run() const noexcept { return other_run_; }

 private:
  std::optional<FileLock> lock_;
  std::optional<std::string> other_run_;
};

}  // namespace vdk
