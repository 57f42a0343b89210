#include "state/run_records.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "base/clock.hpp"
#include "state/test_support.hpp"
#include "vdk/base/version.hpp"

namespace vdk {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::in_child;

class RunRecords : public testing::Test {
 protected:
  RunRecords() {
    const char* before = std::getenv("VDK_STATE_DIRECTORY");
    if (before != nullptr) before_ = before;
    setenv("VDK_STATE_DIRECTORY", root().c_str(), 1);
  }
  ~RunRecords() override {
    if (before_) {
      setenv("VDK_STATE_DIRECTORY", before_->c_str(), 1);
    } else {
      unsetenv("VDK_STATE_DIRECTORY");
    }
  }

  [[nodiscard]] const fs::path& root() const noexcept { return directory_.path(); }

  static RunRecord started(std::string job, std::string execution_id) {
    RunRecord record{.job = std::move(job),
                     .execution_id = std::move(execution_id),
                     .op_id = "op",
                     .attempt_id = "attempt",
                     .directory = "/jobs/job"};
    start_record(record);
    return record;
  }

  // The records as "job/execution status".
  static std::vector<std::string> listed(std::string_view job = {}) {
    std::vector<std::string> lines;
    for (const RunRecord& record : list_records(job)) {
      lines.push_back(record.job + '/' + record.execution_id + ' ' + record.status);
    }
    return lines;
  }

 private:
  test::TemporaryDirectory directory_;
  std::optional<std::string> before_;
};

using Lines = std::vector<std::string>;

TEST_F(RunRecords, nothing_recorded_is_an_empty_list) {
  EXPECT_EQ(listed(), Lines{});
  EXPECT_EQ(listed("job"), Lines{});
  EXPECT_EQ(remove_records("", 0s), 0U);
}

TEST_F(RunRecords, a_run_is_recorded_from_its_start_to_its_end) {
  const RunRecord record = started("job", "execution");
  {
    const std::vector<RunRecord> records = list_records("job");
    ASSERT_EQ(records.size(), 1U);
    const RunRecord& read = records[0];
    EXPECT_EQ(read.status, "running");
    EXPECT_EQ(read.job, "job");
    EXPECT_EQ(read.execution_id, "execution");
    EXPECT_EQ(read.op_id, "op");
    EXPECT_EQ(read.attempt_id, "attempt");
    EXPECT_EQ(read.directory, "/jobs/job");
    EXPECT_TRUE(from_iso8601(read.start));
    EXPECT_EQ(read.end, "");
    EXPECT_EQ(read.exit_code, std::nullopt);
    EXPECT_EQ(read.process, current_process_identity());
    EXPECT_EQ(read.version, version());
    EXPECT_FALSE(read.resumable);
  }
  end_record(record, "success", 0, 336776);
  const std::vector<RunRecord> records = list_records("");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, "success");
  EXPECT_EQ(records[0].exit_code, 0);
  EXPECT_EQ(records[0].rows, 336776);
  EXPECT_EQ(records[0].start, record.start);
  EXPECT_TRUE(from_iso8601(records[0].end));
}

TEST_F(RunRecords, the_list_is_printed_with_these_names) {
  const RunRecord record = started("job", "execution");
  end_record(record, "error", 1, 7);
  const Value value = to_value(list_records("job").at(0));
  std::string keys;
  for (const Member& member : *value.if_map()) keys += member.key + ' ';
  EXPECT_EQ(keys,
            "job execution_id op_id attempt_id directory start end status exit_code rows resumes "
            "resumable "
            "pid version ");
  EXPECT_EQ(*value.find("exit_code"), Value(1));
  EXPECT_EQ(*value.find("pid"), Value(getpid()));
}

TEST_F(RunRecords, the_latest_run_is_first_and_jobs_are_kept_apart) {
  const RunRecord first = started("a", "1");
  end_record(first, "success", 0, 0);
  (void)started("b", "2");
  (void)started("a", "3");
  EXPECT_EQ(listed(), (Lines{"a/3 running", "b/2 running", "a/1 success"}));
  EXPECT_EQ(listed("a"), (Lines{"a/3 running", "a/1 success"}));
}

TEST_F(RunRecords, hostile_names_stay_in_the_directory) {
  for (const char* name :
       {"../../escape", "..", "/etc/passwd", "a\nb", "x.json", "lock", "b\xFF"}) {
    const RunRecord record = started(name, name);
    end_record(record, "success", 0, 0);
    ASSERT_EQ(list_records(name).size(), 1U) << name;
    EXPECT_EQ(list_records(name)[0].status, "success") << name;
  }
  EXPECT_EQ(list_records("").size(), 7U);
  const auto entries = fs::directory_iterator(root());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(RunRecords, a_run_that_was_killed_reads_as_lost) {
  EXPECT_EQ(in_child([] {
              (void)started("job", "killed");
              raise(SIGKILL);
              return 0;
            }),
            128 + SIGKILL);
  EXPECT_EQ(listed(), Lines{"job/killed lost"});
}

TEST_F(RunRecords, a_kill_at_any_time_is_never_read_as_a_success) {
  for (int round = 0; round < 15; ++round) {
    int progress[2];
    ASSERT_EQ(pipe(progress), 0);
    const pid_t child = fork();
    if (child == 0) {
      for (;;) {
        (void)started("job", "execution");
        if (write(progress[1], "s", 1) != 1) _exit(1);
      }
    }
    char byte = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(read(progress[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(progress[0]);
    close(progress[1]);
    ASSERT_EQ(listed(), Lines{"job/execution lost"});
  }
}

TEST_F(RunRecords, what_cannot_be_understood_reads_as_lost) {
  (void)started("job", "good");
  for (const char* text :
       {"", "{", "[]", "{\"status\": \"success\"}", "{\"job\": 1, \"status\": \"success\"}"}) {
    std::ofstream(root() / "runs/job/bad.json", std::ios::trunc) << text;
    const std::vector<RunRecord> records = list_records("job");
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[1].execution_id, "bad");
    EXPECT_EQ(records[1].status, "lost") << text;
  }
}

TEST_F(RunRecords, a_later_attempt_replaces_the_record_of_its_execution) {
  end_record(started("job", "execution"), "error", 1, 0);
  end_record(started("job", "execution"), "success", 0, 0);
  EXPECT_EQ(listed(), Lines{"job/execution success"});
}

TEST_F(RunRecords, a_forked_child_does_not_end_its_parents_run) {
  const RunRecord record = started("job", "execution");
  EXPECT_EQ(in_child([&] {
              end_record(record, "success", 0, 0);
              return 0;
            }),
            0);
  EXPECT_EQ(listed(), Lines{"job/execution running"});
}

TEST_F(RunRecords, a_place_that_cannot_be_written_is_one_warning) {
  std::ofstream(root() / "runs") << "a file where a directory is expected";
  const test::Warnings warnings;
  const RunGuard guard("job", "execution");
  EXPECT_EQ(guard.other_run(), std::nullopt);
  const RunRecord record = started("job", "execution");
  end_record(record, "success", 0, 0);
  ASSERT_EQ(warnings.lines.size(), 1U);
  EXPECT_NE(warnings.lines[0].find("This run is not recorded"), std::string::npos);
  EXPECT_NE(warnings.lines[0].find("Not a directory"), std::string::npos);
  EXPECT_EQ(listed(), Lines{});
  EXPECT_EQ(remove_records("", 0s), 0U);
}

TEST_F(RunRecords, a_read_only_home_is_one_warning) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  chmod(root().c_str(), 0500);
  const test::Warnings warnings;
  const RunGuard guard("job", "execution");
  const RunRecord record = started("job", "execution");
  end_record(record, "success", 0, 0);
  chmod(root().c_str(), 0700);
  ASSERT_EQ(warnings.lines.size(), 1U);
  EXPECT_NE(warnings.lines[0].find("Permission denied"), std::string::npos);
}

// A limit on file sizes ends a write half-way, as a full disk does.
TEST_F(RunRecords, a_disk_that_fills_up_during_the_run_leaves_a_run_that_was_lost) {
  const int exit_code = in_child([] {
    const test::Warnings warnings;
    const RunRecord record = started("job", "execution");
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    end_record(record, "success", 0, 0);
    return warnings.lines.size() == 1 ? 0 : 1;
  });
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(listed(), Lines{"job/execution lost"});
}

TEST_F(RunRecords, old_records_are_removed_and_runs_at_work_stay) {
  end_record(started("job", "old"), "success", 0, 0);
  end_record(started("other", "old"), "success", 0, 0);
  (void)started("job", "running");
  (void)in_child([] {
    (void)started("job", "lost");
    return 0;
  });
  EXPECT_EQ(remove_records("", 1h), 0U);
  EXPECT_EQ(remove_records("job", 0s), 2U);
  EXPECT_EQ(listed(), (Lines{"job/running running", "other/old success"}));
  EXPECT_EQ(remove_records("", 0s), 1U);
  EXPECT_EQ(listed(), Lines{"job/running running"});
}

TEST_F(RunRecords, removing_goes_by_the_end_of_the_run) {
  const RunRecord record = started("job", "execution");
  end_record(record, "success", 0, 0);
  const fs::path file = root() / "runs/job/execution.json";
  Value value = parse_json(read_file(file));
  value.set("end", to_iso8601(std::chrono::system_clock::now() - 48h));
  write_file_atomic(file, to_json(value));
  EXPECT_EQ(remove_records("job", 49h), 0U);
  EXPECT_EQ(remove_records("job", 47h), 1U);
}

TEST_F(RunRecords, removing_leaves_nothing_behind) {
  {
    const RunGuard guard("job", "execution");
    end_record(started("job", "execution"), "success", 0, 0);
    EXPECT_EQ(remove_records("", 0s), 1U);
    EXPECT_TRUE(fs::exists(root() / "runs/job/lock")) << "a run holds it";
  }
  EXPECT_EQ(remove_records("", 0s), 0U);
  EXPECT_TRUE(fs::is_empty(root() / "runs"));
}

TEST_F(RunRecords, a_run_knows_of_another_one_at_the_same_time) {
  int ready[2];
  int gate[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(gate), 0);
  const pid_t other = fork();
  if (other == 0) {
    close(gate[1]);
    const RunGuard guard("job", "the-other");
    (void)started("job", "the-other");
    char byte = 'r';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    _exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
  }
  close(gate[0]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  {
    const RunGuard guard("job", "this-one");
    EXPECT_EQ(guard.other_run(), "execution the-other (process " + std::to_string(other) + ")");
    EXPECT_EQ(RunGuard("another-job", "this-one").other_run(), std::nullopt);

    // The first one ends, and a third still learns of the second.
    close(gate[1]);
    waitpid(other, nullptr, 0);
    (void)started("job", "this-one");
    const RunGuard third("job", "third");
    EXPECT_EQ(third.other_run(), "execution this-one (process " + std::to_string(getpid()) + ")");
  }
  EXPECT_EQ(RunGuard("job", "fourth").other_run(), std::nullopt);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(RunRecords, a_run_that_has_written_no_record_yet_is_still_seen) {
  const RunGuard first("job", "first");
  EXPECT_EQ(RunGuard("job", "second").other_run(), "one that has just begun");
}

TEST_F(RunRecords, many_runs_at_once_each_keep_their_record) {
  std::vector<pid_t> runs;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      const std::string id = "run-" + std::to_string(i);
      const RunGuard guard("job", id);
      const RunRecord record = started("job", id);
      end_record(record, "success", 0, i);
      _exit(record.written ? 0 : 1);
    }
    runs.push_back(child);
  }
  for (const pid_t run : runs) {
    int status = 0;
    waitpid(run, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Lines lines = listed("job");
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (Lines{"job/run-0 success", "job/run-1 success", "job/run-2 success",
                          "job/run-3 success", "job/run-4 success", "job/run-5 success"}));
}

}  // namespace
}  // namespace vdk
