#include "state/run_records.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "state/file_name.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/version.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunning = "running";
constexpr std::string_view kLost = "lost";
constexpr std::string_view kSuccess = "success";
constexpr std::string_view kRecordEnd = ".json";
constexpr std::string_view kStepsEnd = ".steps";

fs::path runs_directory() { return local_state_directory() / "runs"; }
fs::path directory_of(std::string_view job) { return runs_directory() / file_name_of(job); }
fs::path lock_of(const fs::path& job_directory) { return job_directory / "lock"; }

fs::path file_of(const RunRecord& record) {
  return directory_of(record.job) / (file_name_of(record.execution_id) + std::string(kRecordEnd));
}

fs::path steps_of(fs::path record_file) { return record_file.replace_extension(kStepsEnd); }

// Paths and ids are bytes, JSON is text.
std::string as_utf8(std::string_view bytes) {
  std::string text;
  while (const std::optional<std::size_t> bad = find_invalid_utf8(bytes)) {
    text += bytes.substr(0, *bad);
    text += "\uFFFD";
    bytes.remove_prefix(*bad + 1);
  }
  return text += bytes;
}

std::string text_of(const RunRecord& record) {
  Value process;
  process.set("start_time", record.process.start_time);
  process.set("boot", record.process.boot);
  process.set("pid_namespace", record.process.pid_namespace);
  Value value = to_value(record);
  value.set("process", std::move(process));
  return to_json(value) + '\n';
}

// In place and without a sync: a new file at the end of each run would cost more than all else
// here, and the end finds its room on a disk that has filled up since.
void write(const RunRecord& record) {
  write_file_in_place(file_of(record), text_of(record), Durability::kill);
}

void make_directory_of(const RunRecord& record) {
  std::error_code failure;
  fs::create_directories(directory_of(record.job),
                         failure);  // what follows says why it is not there
}

void warn(const std::exception& failure) {
  const auto* known = dynamic_cast<const Error*>(&failure);
  log(LogLevel::warning, "vdk.state",
      fmt::format(
          "This run is not recorded, so `vdk runs` will not show how it ended. {}",
          known != nullptr ? known->text().what + ' ' + known->text().why : failure.what()));
}

std::string string_at(const Value& value, std::string_view key) {
  const Value* member = value.find(key);
  const std::string* text = member != nullptr ? member->if_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

std::int64_t integer_at(const Value& value, std::string_view key) {
  const Value* member = value.find(key);
  const std::int64_t* number = member != nullptr ? member->if_integer() : nullptr;
  return number != nullptr ? *number : 0;
}

// The text of a file as JSON; null where it is none. A file that is being written is read once
// more.
Value json_of(const fs::path& file) {
  for (int attempt = 1;; ++attempt) {
    try {
      return parse_json(read_file(file));
    } catch (const Error&) {
      if (attempt == 3) return {};
    }
  }
}

// What a file says of its run; a file that says nothing understandable is a run that was lost.
RunRecord read_record(const fs::path& file) {
  const Value value = json_of(file);
  RunRecord record;
  record.job = string_at(value, "job");
  record.execution_id = string_at(value, "execution_id");
  record.op_id = string_at(value, "op_id");
  record.attempt_id = string_at(value, "attempt_id");
  record.directory = string_at(value, "directory");
  record.start = string_at(value, "start");
  record.end = string_at(value, "end");
  record.rows = integer_at(value, "rows");
  record.version = string_at(value, "version");
  record.process.pid = static_cast<int>(integer_at(value, "pid"));
  record.resumes = string_at(value, "resumes");
  if (const Value* exit_code = value.find("exit_code");
      exit_code != nullptr && exit_code->if_integer()) {
    record.exit_code = static_cast<int>(*exit_code->if_integer());
  }
  if (const Value* process = value.find("process")) {
    record.process.start_time = string_at(*process, "start_time");
    record.process.boot = string_at(*process, "boot");
    record.process.pid_namespace = string_at(*process, "pid_namespace");
  }
  const std::string status = string_at(value, "status");
  const bool complete = !record.job.empty() && !record.execution_id.empty() && !status.empty();
  const bool known = complete && (status != kRunning || is_alive(record.process));
  record.status = known ? status : std::string(kLost);
  record.resumable = complete && record.status != kRunning && record.status != kSuccess;
  record.written = true;
  if (record.job.empty()) record.job = file.parent_path().filename().string();
  if (record.execution_id.empty()) record.execution_id = file.stem().string();
  return record;
}

std::vector<fs::path> job_directories(std::string_view job) {
  if (!job.empty()) return {directory_of(job)};
  std::vector<fs::path> directories;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(runs_directory(), none)) {
    directories.push_back(entry.path());
  }
  return directories;
}

std::vector<fs::path> files_in(const fs::path& directory, std::string_view name_end) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, none)) {
    if (entry.path().native().ends_with(name_end)) files.push_back(entry.path());
  }
  return files;
}

// When the file was last written; nothing where it is gone.
std::optional<TimePoint> written_at(const fs::path& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(status.st_mtime);
}

bool remove_file(const fs::path& file) {
  std::error_code failure;
  return fs::remove(file, failure);
}

void remove_lock_of(const fs::path& job_directory) {
  std::error_code failure;
  if (!fs::exists(lock_of(job_directory), failure)) return;
  try {
    if (const auto lock = FileLock::try_lock(lock_of(job_directory)))
      remove_file(lock_of(job_directory));
  } catch (const Error&) {
    return;  // an empty file in a directory of the past
  }
}

std::optional<std::string> another_running(std::string_view job, std::string_view execution_id) {
  for (const RunRecord& record : list_records(job)) {
    const bool self = record.execution_id == execution_id && record.process.pid == getpid();
    if (record.status == kRunning && !self) {
      return fmt::format("execution {} (process {})", record.execution_id, record.process.pid);
    }
  }
  return std::nullopt;
}

}  // namespace

Value to_value(const RunRecord& record) {
  Value value;
  value.set("job", as_utf8(record.job));
  value.set("execution_id", as_utf8(record.execution_id));
  value.set("op_id", as_utf8(record.op_id));
  value.set("attempt_id", as_utf8(record.attempt_id));
  value.set("directory", as_utf8(record.directory));
  value.set("start", record.start.empty() ? Value() : Value(record.start));
  value.set("end", record.end.empty() ? Value() : Value(record.end));
  value.set("status", record.status);
  value.set("exit_code", record.exit_code ? Value(*record.exit_code) : Value());
  value.set("rows", record.rows);
  value.set("resumes", as_utf8(record.resumes));
  value.set("resumable", record.resumable);
  value.set("pid", record.process.pid);
  value.set("version", record.version);
  return value;
}

void start_record(RunRecord& record) noexcept {
  try {
    record.start = to_iso8601(std::chrono::system_clock::now());
    record.status = kRunning;
    record.version = version();
    record.process = current_process_identity();
    make_directory_of(record);
    remove_file(steps_of(file_of(record)));  // of an earlier attempt of the execution
    write(record);
    record.written = true;
  } catch (const std::exception& failure) {
    warn(failure);
  }
}

void end_record(const RunRecord& record, std::string_view status, int exit_code,
                std::int64_t rows) noexcept {
  if (record.process.pid != getpid()) return;
  try {
    RunRecord ended = record;
    ended.end = to_iso8601(std::chrono::system_clock::now());
    ended.status = status;
    ended.exit_code = exit_code;
    ended.rows = rows;
    write(ended);
  } catch (const std::exception& failure) {
    if (record.written) warn(failure);  // else the start has already said so
  }
}

void record_finished_step(const RunRecord& record, std::string_view step, bool lasting) noexcept {
  if (!record.written || record.process.pid != getpid()) return;
  try {
    append_line(steps_of(file_of(record)), to_json(Value(step)),
                lasting ? Durability::power_failure : Durability::kill);
  } catch (const std::exception& failure) {
    log(LogLevel::warning, "vdk.state",
        fmt::format("The end of the step {} is not recorded, so a resumed run repeats it. {}", step,
                    failure.what()));
  }
}

std::vector<std::string> finished_steps(const RunRecord& record) {
  std::vector<std::string> steps;
  const auto text = read_file_if_exists(steps_of(file_of(record)));
  if (!text) return steps;
  for (const std::string& line : split(*text, '\n')) {
    try {
      const Value step = parse_json(line);
      if (step.if_string() != nullptr) steps.push_back(*step.if_string());
    } catch (const Error&) {
      break;  // the line that a dying process did not finish
    }
  }
  return steps;
}

std::vector<RunRecord> list_records(std::string_view job) {
  std::vector<RunRecord> records;
  for (const fs::path& directory : job_directories(job)) {
    for (const fs::path& file : files_in(directory, kRecordEnd))
      records.push_back(read_record(file));
  }
  std::ranges::sort(records, std::greater{}, [](const RunRecord& record) {
    return std::pair(std::string_view(record.start), std::string_view(record.execution_id));
  });
  return records;
}

std::size_t remove_records(std::string_view job, std::chrono::seconds age) {
  std::size_t removed = 0;
  const TimePoint limit = std::chrono::system_clock::now() - age;
  for (const fs::path& directory : job_directories(job)) {
    for (const fs::path& file : files_in(directory, kRecordEnd)) {
      const RunRecord record = read_record(file);
      if (record.status == kRunning) continue;
      std::optional<TimePoint> ended = from_iso8601(record.end);
      if (!ended) ended = written_at(file);
      if (!ended || *ended > limit || !remove_file(file)) continue;
      remove_file(steps_of(file));
      ++removed;
    }
    if (files_in(directory, kRecordEnd).empty()) remove_lock_of(directory);
    rmdir(directory.c_str());  // succeeds only where it is empty
  }
  return removed;
}

RunGuard::RunGuard(std::string_view job, std::string_view execution_id) noexcept {
  try {
    const fs::path file = lock_of(directory_of(job));
    if (std::optional<FileLock> alone = FileLock::try_lock(file)) {
      alone->share();
      lock_.emplace(std::move(*alone));
      return;
    }
    other_run_ = another_running(job, execution_id).value_or("one that has just begun");
    lock_.emplace(file, std::chrono::milliseconds(100), LockMode::shared);
  } catch (const std::exception&) {
    // Where there is no place for a lock there is none for records, and start_record says so.
    lock_.reset();
  }
}

}  // namespace vdk
