#include "executor/process_executor.hpp"

#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/file.hpp"
#include "executor/attempt_directory.hpp"
#include "executor/process_tree.hpp"
#include "executor/record.hpp"
#include "executor_conformance.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

const fs::path kBuild = VDK_BUILD_DIR;

// A job is a directory with a script; what runs it stands where the program vdk would.
class ProcessHome : public ExecutorHome {
 public:
  ProcessHome() {
    const fs::path runner = root() / "runner";
    std::ofstream(runner) << "#!/bin/sh\nexec /bin/sh \"$2/run.sh\"\n";
    fs::permissions(runner, fs::perms::owner_all);
    settings = {.directory = root() / "attempts",
                .supervisor = kBuild / "lib/vdk/vdk-supervisor",
                .vdk = runner};
  }
  std::unique_ptr<Executor> open() override { return std::make_unique<ProcessExecutor>(settings); }
  Artifact deploy(const std::string& script) override {
    const fs::path job = root() / ("version-" + std::to_string(++versions_)) / "sales";
    fs::create_directories(job);
    std::ofstream(job / "run.sh") << script << '\n';
    return {.job = job};
  }
  [[nodiscard]] AttemptDirectory attempt(const std::string& id) const {
    return AttemptDirectory(settings.directory / id);
  }
  [[nodiscard]] fs::path root() const { return directory_.path(); }

  ProcessExecutorSettings settings;

 private:
  TemporaryDirectory directory_{"executor-test"};
  int versions_ = 0;
};

// What holds the processes of an attempt together: a control group where one can be made, or else
// the supervisor alone.
enum class Grouping { as_permitted, none };

std::unique_ptr<ProcessHome> make_home(Grouping grouping) {
  auto home = std::make_unique<ProcessHome>();
  if (grouping == Grouping::none) home->settings.cgroup = home->root() / "no" / "groups";
  return home;
}

constexpr const char* kEndless = "echo ready; while :; do sleep 0.05; done";

class Process : public testing::TestWithParam<Grouping> {
 protected:
  Launch launch(const std::string& script, const std::string& id = "sales-1-abcde") {
    return {.attempt_id = id,
            .execution_id = "sales-1",
            .job_name = "sales",
            .artifact = home_.deploy(script)};
  }
  Executor& open() {
    executor_.reset();
    executor_ = home_.open();
    return *executor_;
  }
  Ending run(const Launch& what) {
    Witness witness(open());
    executor_->start(what);
    return witness.end(what.attempt_id);
  }
  // Nothing that the attempt started is at work any more.
  void expect_nobody_left(const std::string& id = "sales-1-abcde") {
    const auto facts = read_launch(home_.attempt(id));
    ASSERT_TRUE(facts);
    for (const pid_t pid : processes_with(facts->mark)) {
      const auto process = facts_of(pid);
      EXPECT_TRUE(!process || process->state == 'Z') << pid << " is still there";
    }
  }
  [[nodiscard]] StartedFacts started(const std::string& id = "sales-1-abcde") const {
    const auto facts = read_started(home_.attempt(id));
    EXPECT_TRUE(facts);
    return facts.value_or(StartedFacts{});
  }

  std::unique_ptr<ProcessHome> made_ = make_home(GetParam());
  ProcessHome& home_ = *made_;
  std::unique_ptr<Executor> executor_;
};

// Starts the attempt in a service of its own, which is killed as soon as the job is at work.
void start_in_a_service_that_is_killed(ProcessHome& home, const Launch& launch) {
  const pid_t service = fork();
  ASSERT_GE(service, 0);
  if (service == 0) {
    const std::unique_ptr<Executor> executor = home.open();
    executor->start(launch);
    await_words(*executor, launch.attempt_id, "ready");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(service, &status, 0), service);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST_P(Process, a_killed_service_leaves_its_runs_and_their_true_end) {
  const Launch what = launch("echo ready; until [ -e go ]; do sleep 0.02; done; exit 7");
  start_in_a_service_that_is_killed(home_, what);
  Executor& next = open();
  Witness witness(next);
  witness.wait(what.attempt_id, Phase::running);
  std::ofstream(home_.attempt(what.attempt_id).work() / "go") << "\n";
  const Ending ending = witness.end(what.attempt_id);
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 7);
}

TEST_P(Process, a_killed_service_and_a_killed_supervisor_leave_a_run_that_is_proven_lost) {
  const Launch what = launch("(setsid sleep 1000 &) ; " + std::string(kEndless));
  start_in_a_service_that_is_killed(home_, what);
  kill(started().supervisor.pid, SIGKILL);
  Witness witness(open());
  const Ending ending = witness.end(what.attempt_id);
  EXPECT_EQ(ending.cause, Cause::lost);
  EXPECT_EQ(verdict(ending), Verdict::platform_error);
  expect_nobody_left();
}

TEST_P(Process, a_killed_supervisor_takes_the_job_and_its_children_with_it) {
  Ending ending;
  {
    Witness witness(open());
    executor_->start(launch("(setsid sh -c 'sleep 1000' &) ; " + std::string(kEndless)));
    await_words(*executor_, "sales-1-abcde", "ready");
    kill(started().supervisor.pid, SIGKILL);
    ending = witness.end("sales-1-abcde");
  }
  EXPECT_EQ(ending.cause, Cause::lost);
  expect_nobody_left();
  // What was told stays told.
  Witness later(open());
  EXPECT_EQ(later.end("sales-1-abcde").time, ending.time);
}

TEST_P(Process, a_killed_job_is_told_by_its_signal) {
  Executor& executor = open();
  Witness witness(executor);
  executor.start(launch(kEndless));
  await_words(executor, "sales-1-abcde", "ready");
  kill(started().job.pid, SIGKILL);
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::signalled);
  EXPECT_EQ(ending.signal, SIGKILL);
}

TEST_P(Process, a_stopped_job_can_be_cancelled) {
  Executor& executor = open();
  Witness witness(executor);
  executor.start(launch("trap 'exit 4' TERM; " + std::string(kEndless)));
  await_words(executor, "sales-1-abcde", "ready");
  kill(started().job.pid, SIGSTOP);
  EXPECT_TRUE(executor.cancel("sales-1-abcde", std::chrono::seconds(60)));
  EXPECT_EQ(witness.end("sales-1-abcde").exit_code, 4);
}

TEST_P(Process, a_stopped_supervisor_hides_no_end) {
  Executor& executor = open();
  Witness witness(executor);
  executor.start(launch("echo ready; until [ -e go ]; do sleep 0.02; done; exit 6"));
  await_words(executor, "sales-1-abcde", "ready");
  kill(started().supervisor.pid, SIGSTOP);
  std::ofstream(home_.attempt("sales-1-abcde").work() / "go") << "\n";
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 6);
}

TEST_P(Process, children_that_outlive_the_job_are_ended) {
  const Ending ending = run(launch("(setsid sh -c 'while :; do sleep 1000; done' &) ; exit 0"));
  EXPECT_EQ(ending.exit_code, 0);
  expect_nobody_left();
}

TEST_P(Process, a_fork_bomb_is_bounded_and_ended) {
  // One that the machine survives where nothing can bound it but a look now and then.
  Launch what = launch("i=0; while [ $i -lt 3000 ]; do sleep 1000 & i=$((i+1)); done; wait");
  what.limits.processes = 100;
  const Ending ending = run(what);
  EXPECT_EQ(ending.cause, Cause::too_many_processes) << ending.message;
  EXPECT_EQ(verdict(ending), Verdict::user_error);
  expect_nobody_left();
}

TEST_P(Process, a_flood_of_output_is_bounded) {
  home_.settings.log = {.segment_bytes = 1 << 20, .segments = 3};
  EXPECT_EQ(run(launch("seq 1 5000000")).exit_code, 0);
  std::uintmax_t stored = 0;
  for (const auto& file : fs::directory_iterator(home_.attempt("sales-1-abcde").log()))
    stored += file.file_size();
  EXPECT_LE(stored, std::uintmax_t{3} << 20);
  const OutputPart last = executor_->read("sales-1-abcde", Output::log, {.tail_lines = 2});
  EXPECT_EQ(log_lines(last.text), (std::vector<std::string>{"4999999", "5000000"}));
  // From the oldest that is there, and its offset says how much is missing.
  const OutputPart first = executor_->read("sales-1-abcde", Output::log, {});
  EXPECT_GT(first.offset, 100'000'000);
}

TEST_P(Process, a_line_of_100_mebibytes_is_one_line) {
  home_.settings.log = {.segment_bytes = 16 << 20, .segments = 8};
  EXPECT_EQ(run(launch("head -c 104857600 /dev/zero | tr '\\0' x; echo; echo end")).exit_code, 0);
  ReadRequest request{.max_bytes = 8 << 20};
  std::int64_t line_ends = 0;
  std::int64_t bytes = 0;
  for (OutputPart part; !part.complete; request.offset = part.next()) {
    part = executor_->read("sales-1-abcde", Output::log, request);
    line_ends += std::ranges::count(part.text, '\n');
    bytes += static_cast<std::int64_t>(part.text.size());
  }
  EXPECT_EQ(line_ends, 2);
  EXPECT_EQ(bytes, 31 + 104857600 + 1 + 31 + 4);
}

TEST_P(Process, secrets_and_arguments_are_in_no_file_and_on_no_command_line) {
  Launch what = launch("echo ready; until [ -e go ]; do sleep 0.02; done; [ ${#TOKEN} = 14 ]");
  what.arguments = R"({"word": "quiet-argument"})";
  what.secrets = {{.name = "TOKEN", .value = "hunter2-secret"}};
  Executor& executor = open();
  Witness witness(executor);
  executor.start(what);
  await_words(executor, what.attempt_id, "ready");
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(home_.root())) {
    if (file.is_regular_file()) {
      EXPECT_EQ(read_file(file.path()).find("hunter2-secret"), std::string::npos) << file.path();
    }
  }
  for (const int pid : {started().supervisor.pid, started().job.pid}) {
    const std::string words = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    EXPECT_EQ(words.find("hunter2-secret"), std::string::npos);
    EXPECT_EQ(words.find("quiet-argument"), std::string::npos);
  }
  EXPECT_EQ(read_file("/proc/" + std::to_string(started().supervisor.pid) + "/environ"), "");
  std::ofstream(home_.attempt(what.attempt_id).work() / "go") << "\n";
  EXPECT_EQ(witness.end(what.attempt_id).exit_code, 0);
}

TEST_P(Process, nothing_of_the_services_own_environment_reaches_a_job) {
  setenv("VDK_STORE_PASSWORD", "the service's", 1);
  EXPECT_EQ(run(launch("env")).exit_code, 0);
  unsetenv("VDK_STORE_PASSWORD");
  const std::string printed = whole_output(*executor_, "sales-1-abcde", Output::log);
  EXPECT_NE(printed.find("VDK_EXECUTION_ID=sales-1"), std::string::npos);
  EXPECT_EQ(printed.find("VDK_STORE_PASSWORD"), std::string::npos);
}

TEST_P(Process, the_job_has_a_session_of_its_own) {
  Executor& executor = open();
  Witness witness(executor);
  executor.start(launch(kEndless));
  await_words(executor, "sales-1-abcde", "ready");
  const StartedFacts facts = started();
  EXPECT_EQ(getsid(facts.job.pid), facts.job.pid);
  EXPECT_EQ(getpgid(facts.job.pid), facts.job.pid);
  EXPECT_EQ(getsid(facts.supervisor.pid), facts.supervisor.pid);
  executor.cancel("sales-1-abcde", std::chrono::milliseconds(0));
  witness.end("sales-1-abcde");
}

TEST_P(Process, the_scratch_directory_goes_with_the_run) {
  EXPECT_EQ(run(launch("echo much > left-over; pwd")).exit_code, 0);
  EXPECT_FALSE(fs::exists(home_.attempt("sales-1-abcde").work()));
}

TEST_P(Process, a_program_that_cannot_be_started_has_not_started) {
  home_.settings.vdk = home_.root() / "nothing";
  const Ending ending = run(launch("exit 0"));
  EXPECT_EQ(ending.cause, Cause::not_started);
  EXPECT_NE(ending.message.find("No such file or directory"), std::string::npos) << ending.message;
}

TEST_P(Process, a_supervisor_that_cannot_be_started_has_not_started) {
  home_.settings.supervisor = home_.root() / "nothing";
  const Ending ending = run(launch("exit 0"));
  EXPECT_EQ(ending.cause, Cause::not_started);
  EXPECT_EQ(verdict(ending), Verdict::platform_error);
}

// A service that was killed between making the directory and starting the supervisor.
TEST_P(Process, an_attempt_whose_supervisor_never_ran_has_not_started) {
  EXPECT_EQ(run(launch("exit 0")).exit_code, 0);
  executor_.reset();
  for (const fs::path& record :
       {home_.attempt("sales-1-abcde").started(), home_.attempt("sales-1-abcde").ended()}) {
    fs::remove(record);
    reserve_record(record);
  }
  Witness witness(open());
  EXPECT_EQ(witness.end("sales-1-abcde").cause, Cause::interrupted);
}

TEST_P(Process, an_attempt_of_before_a_restart_of_the_machine_is_lost) {
  EXPECT_EQ(run(launch("exit 0")).exit_code, 0);
  executor_.reset();
  const AttemptDirectory attempt = home_.attempt("sales-1-abcde");
  LaunchFacts facts = read_launch(attempt).value_or(LaunchFacts{});
  facts.boot = "another";
  write_file_atomic(attempt.launch(), to_json(to_value(facts)));
  fs::remove(attempt.ended());
  reserve_record(attempt.ended());
  Witness witness(open());
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::lost);
  EXPECT_NE(ending.message.find("restarted"), std::string::npos);
}

TEST_P(Process, two_services_do_not_share_a_directory) {
  open();
  try {
    home_.open();
    FAIL() << "the second one was let in";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("in use"), std::string::npos) << error.what();
  }
}

TEST_P(Process, a_directory_that_cannot_be_written_is_told_at_once) {
  std::ofstream(home_.root() / "file") << "\n";
  home_.settings.directory = home_.root() / "file" / "attempts";
  EXPECT_THROW(home_.open(), Error);
}

// A small file system of the test's own, where the system permits one.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& at) : at_(at) {
    fs::create_directories(at_);
    mounted_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool is_there() const noexcept { return mounted_; }

 private:
  fs::path at_;
  bool mounted_ = false;
};

TEST_P(Process, a_full_disk_loses_output_and_no_ending) {
  const SmallDisk disk(home_.root() / "attempts");
  if (!disk.is_there()) GTEST_SKIP() << "no file system can be mounted here";
  const Ending ending = run(launch("seq 1 1000000; exit 8"));
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 8);
  EXPECT_NE(ending.message.find("could not be stored"), std::string::npos) << ending.message;
  // The next one has no room even to begin: it is refused, and nothing of it stays.
  EXPECT_THROW(executor_->start(launch("exit 0", "next")), Error);
  EXPECT_FALSE(executor_->find("next"));
  executor_.reset();
}

TEST_P(Process, processors_and_memory_are_limited_by_what_is_said) {
  Launch what = launch("nproc");
  what.limits = {
      .memory_bytes = std::int64_t{256} << 20, .cores = 1, .time = std::chrono::seconds(600)};
  EXPECT_EQ(run(what).exit_code, 0);
  const std::optional<Attempt> attempt = executor_->find("sales-1-abcde");
  ASSERT_TRUE(attempt);
  const auto says = [&](const std::string& word) {
    return std::ranges::any_of(attempt->enforcement, [&](const std::string& line) {
      return line.starts_with(word) && line.find("kept by") != std::string::npos;
    });
  };
  EXPECT_TRUE(says("memory: 256 MiB"));
  EXPECT_TRUE(says("processors: 1"));
  EXPECT_TRUE(says("time: 600 s"));
  EXPECT_TRUE(says("processes: 4096"));
}

// The program itself, with a job of SQL steps: events, termination file and arguments are real.
TEST_P(Process, a_real_job_runs) {
  home_.settings.vdk = kBuild / "bin/vdk";
  const fs::path job = home_.root() / "real" / "sales";
  fs::create_directories(job);
  std::ofstream(job / "10_make.sql") << "CREATE TABLE planets AS SELECT '{planet}' AS name\n";
  std::ofstream(job / "config.ini")
      << "[vdk]\ndb_default_type = sqlite\nsqlite_file = planets.db\n";
  Launch what = launch("");
  what.artifact.job = job;
  what.arguments = R"({"planet": "Jupiter"})";
  const Ending ending = run(what);
  const std::string printed = whole_output(*executor_, what.attempt_id, Output::log);
  EXPECT_EQ(ending.exit_code, 0) << printed;
  EXPECT_EQ(ending.termination_status, "Success") << printed;
  EXPECT_EQ(verdict(ending), Verdict::succeeded);
  const std::string events = whole_output(*executor_, what.attempt_id, Output::events);
  EXPECT_NE(events.find(R"("type": "run_started")"), std::string::npos) << events;
  EXPECT_NE(events.find(R"("execution_id": "sales-1")"), std::string::npos) << events;
  EXPECT_NE(events.find(R"("type": "run_ended")"), std::string::npos) << events;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(, Process, testing::Values(Grouping::as_permitted, Grouping::none),
                         [](const testing::TestParamInfo<Grouping>& of) {
                           return of.param == Grouping::none ? "without_groups" : "with_groups";
                         });
INSTANTIATE_TEST_SUITE_P(
    , ExecutorConformance,
    testing::Values(ExecutorQuirks{.name = "process",
                                   .create = [] { return make_home(Grouping::as_permitted); }},
                    ExecutorQuirks{.name = "process_without_groups",
                                   .create = [] { return make_home(Grouping::none); }}),
    executor_name);

}  // namespace vdk::service
