// Where executions run: on this machine (process_executor.hpp), later in a cluster. Callers know
// attempts by their ids and nothing of processes or pods.
//
// An *execution* of the service is one *attempt* or, where a platform error is retried, several. An
// executor knows attempts alone; which of them decides is the caller's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace vdk::service {

// What a deployment made ready to run.
struct Artifact {
  // The job's directory, of the job's name. The run works in a scratch directory of its own.
  std::filesystem::path job;
  // Whose interpreter runs the job: the directory of a Python environment (Environment::directory);
  // empty for a job that needs none. In a cluster the name of an image.
  std::string environment{};
};

struct Variable {
  std::string name;
  std::string value;
};

// Zero: no limit.
struct Limits {
  std::int64_t memory_bytes = 0;  // of all processes of the attempt together
  double cores = 0;               // processors' worth of time
  std::chrono::seconds time{0};   // from the start; then the attempt is ended as by cancel()
  std::int64_t processes = 4096;  // and threads, at the same time
};

struct Launch {
  // Names this start for ever: lower-case letters, digits and dashes, at most 100 in all.
  std::string attempt_id;
  std::string execution_id;  // VDK_EXECUTION_ID of the run
  std::string op_id{};       // VDK_OP_ID, where there is one
  std::string job_name;
  std::string team{};
  std::string version{};  // of the job's sources
  Artifact artifact;
  std::string arguments{};  // JSON text, or empty
  // Besides those that the executor sets: VDK_EXECUTION_ID, VDK_ATTEMPT_ID, VDK_OP_ID, JOB_NAME,
  // VDK_JOB_GITHASH, where the run's files are, and what finds its programs. None of the service's
  // own variables reaches a job but PATH, the locale, the time zone and proxies.
  std::vector<Variable> variables{};
  // Are neither logged nor kept on a disk, and no other process sees them on a command line.
  std::vector<Variable> secrets{};
  Limits limits{};
};

enum class Cause {
  exited,              // by itself: `exit_code` says how
  signalled,           // by a signal that was not the executor's: `signal` says which
  out_of_memory,       // it used more than Limits::memory_bytes
  too_many_processes,  // more than Limits::processes
  time_limit,          // it ran longer than Limits::time
  cancelled,           // cancel() was called while it was at work
  not_started,         // nothing of the job ran; another attempt repeats nothing
  interrupted,         // the same, and only because the service was ended meanwhile
  lost                 // it is proven that it ended, and nobody knows how
};
[[nodiscard]] std::string_view to_string(Cause cause) noexcept;
[[nodiscard]] std::optional<Cause> parse_cause(std::string_view name) noexcept;

struct Usage {
  std::chrono::microseconds user_time{0};
  std::chrono::microseconds system_time{0};
  std::int64_t peak_memory_bytes = 0;
};

// How an attempt ended. It never changes once it was told.
struct Ending {
  Cause cause = Cause::lost;
  std::optional<int> exit_code{};
  std::optional<int> signal{};
  TimePoint time{};
  Usage usage{};
  // What the run itself wrote at its end: "Success", "User error", "Platform error", "Skipped",
  // "Cancelled", as its termination file has them; empty where it wrote none.
  std::string termination_status{};
  std::string vdk_version{};  // from the same file
  std::string message{};      // one sentence for people: what happened and why
};

// What became of it in the words of the API: the table of the specification (control-service 5.3),
// where nothing is a success that did not end with exit code 0.
enum class Verdict { succeeded, user_error, platform_error, cancelled, skipped };
[[nodiscard]] Verdict verdict(const Ending& ending) noexcept;

enum class Phase { starting, running, ended };

struct Attempt {
  std::string id;
  std::string execution_id;
  std::string job_name;
  Phase phase = Phase::starting;
  TimePoint started{};
  // How limits are kept ("memory: cgroup", "processor: not limited here: ..."), one a line.
  std::vector<std::string> enforcement{};
  std::optional<Ending> ending{};  // where the phase is `ended`
};

// What an attempt writes: `log` is its standard output and error, each line after the time at which
// it began (RFC 3339, nine digits, "Z", a blank); `events` the run's events (docs/run-events.md).
enum class Output { log, events };

struct ReadRequest {
  // From here, in bytes since the start of the output; where older output was given up for the
  // bound on its size, from the oldest that is there.
  std::int64_t offset = 0;
  // Instead: the last so many lines, where it is greater than zero.
  std::int64_t tail_lines = 0;
  std::int64_t max_bytes = std::int64_t{1} << 20;
  // How long to wait for something to be there beyond the offset.
  std::chrono::milliseconds wait{0};
};

struct OutputPart {
  std::int64_t offset = 0;  // of the first byte of `text`
  // Bytes as they were written, in any encoding. Of `events` whole lines, but for one that is
  // longer than max_bytes, and for the last of a run that was killed.
  std::string text{};
  // Where the next request goes on.
  [[nodiscard]] std::int64_t next() const noexcept {
    return offset + static_cast<std::int64_t>(text.size());
  }
  bool complete = false;  // the attempt has ended, and this is the last of its output
};

class Executor {
 public:
  // Gets what is known of an attempt: once for every attempt that is known when watching begins,
  // then whenever its phase changes; the latest word may come twice. Called in one thread of the
  // executor, never two at a time; it must return soon and not throw, and may call everything here
  // but watch().
  using Listener = std::function<void(const Attempt&)>;

  virtual ~Executor() = default;

  // Starts the attempt. An id that is known is not started again: then this does nothing, so a
  // caller that was killed may simply call again. Returns once the attempt is recorded; what goes
  // wrong from then on is an ending. Throws Error where nothing was started and nothing is
  // recorded.
  virtual void start(const Launch& launch) = 0;

  // Asks the run to end (SIGTERM), and ends it hard with all its processes after `grace`. Returns
  // at once; the end is told to the listener. Called again, the shorter grace counts. False where
  // the attempt is unknown or has ended.
  virtual bool cancel(const std::string& attempt_id, std::chrono::milliseconds grace) = 0;

  [[nodiscard]] virtual std::optional<Attempt> find(const std::string& attempt_id) = 0;
  // All that are known, those included that a former process of the service started.
  [[nodiscard]] virtual std::vector<Attempt> list() = 0;

  // Replaces the listener. After watch({}) has returned, none is being called.
  virtual void watch(Listener listener) = 0;

  // Any thread. Of an attempt that is unknown: nothing, and complete.
  [[nodiscard]] virtual OutputPart read(const std::string& attempt_id, Output output,
                                        const ReadRequest& request) = 0;

  // Gives up what is kept of an attempt that has ended: its output and its record. False where it
  // is at work.
  virtual bool forget(const std::string& attempt_id) = 0;
};

}  // namespace vdk::service
