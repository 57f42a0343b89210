// What every executor promises, shown with jobs that are shell scripts. An executor's own tests
// instantiate this suite with its quirks.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "executor/executor.hpp"

namespace vdk::service {

// Where attempts live longer than the service that started them.
class ExecutorHome {
 public:
  virtual ~ExecutorHome() = default;
  // A service that starts here; the former one is gone.
  virtual std::unique_ptr<Executor> open() = 0;
  // A deployed job that does what the script says.
  virtual Artifact deploy(const std::string& script) = 0;
};

struct ExecutorQuirks {
  std::string name;
  std::function<std::unique_ptr<ExecutorHome>()> create;
};

inline std::string executor_name(const testing::TestParamInfo<ExecutorQuirks>& info) {
  return info.param.name;
}

// Hears what an executor tells, and waits for it.
class Witness {
 public:
  explicit Witness(Executor& executor) : executor_(executor) {
    executor_.watch([this](const Attempt& attempt) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(attempt);
      changed_.notify_all();
    });
  }
  ~Witness() { executor_.watch({}); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // Fails where it does not come: long after anybody would have lost patience.
  Attempt wait(const std::string& id, Phase phase) {
    std::unique_lock lock(mutex_);
    Attempt found;
    const bool came = changed_.wait_for(lock, std::chrono::seconds(60), [&] {
      for (const Attempt& attempt : heard_) {
        if (attempt.id == id && attempt.phase == phase) {
          found = attempt;
          return true;
        }
      }
      return false;
    });
    EXPECT_TRUE(came) << id << " did not come into phase " << static_cast<int>(phase);
    return found;
  }
  Ending end(const std::string& id) {
    return wait(id, Phase::ended).ending.value_or(Ending{.message = "none was told"});
  }
  std::vector<Phase> phases(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::vector<Phase> phases;
    for (const Attempt& attempt : heard_) {
      if (attempt.id == id && (phases.empty() || phases.back() != attempt.phase))
        phases.push_back(attempt.phase);
    }
    return phases;
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Attempt> heard_;
};

// All that was written until the attempt ended.
inline std::string whole_output(Executor& executor, const std::string& id, Output output) {
  std::string text;
  for (ReadRequest request{.wait = std::chrono::seconds(60)};;) {
    const OutputPart part = executor.read(id, output, request);
    text += part.text;
    request.offset = part.next();
    if (part.complete) return text;
  }
}

// Follows the log until the words are in it.
inline void await_words(Executor& executor, const std::string& id, const std::string& words) {
  std::string text;
  for (ReadRequest request{.wait = std::chrono::seconds(60)};;) {
    const OutputPart part = executor.read(id, Output::log, request);
    text += part.text;
    request.offset = part.next();
    if (text.find(words) != std::string::npos) return;
    ASSERT_FALSE(part.complete) << "the log ended without '" << words << "':\n" << text;
    ASSERT_FALSE(part.text.empty()) << "'" << words << "' did not come; the log is:\n" << text;
  }
}

// The lines without their times; each must have one.
inline std::vector<std::string> log_lines(const std::string& text) {
  std::vector<std::string> lines;
  constexpr std::size_t kTime = sizeof("2026-01-31T02:00:00.123456789Z ") - 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const bool has_time = line.size() >= kTime && line[10] == 'T' && line[19] == '.' &&
                          line[29] == 'Z' && line[30] == ' ';
    EXPECT_TRUE(has_time) << line;
    lines.push_back(has_time ? line.substr(kTime) : line);
    at = end + 1;
  }
  return lines;
}

class ExecutorConformance : public testing::TestWithParam<ExecutorQuirks> {
 protected:
  void SetUp() override {
    home_ = GetParam().create();
    executor_ = home_->open();
  }
  Launch launch(const std::string& script, const std::string& id = "sales-1-abcde") {
    return {.attempt_id = id,
            .execution_id = "sales-1",
            .job_name = "sales",
            .artifact = home_->deploy(script)};
  }
  // As a restart of the service: the former one ends first.
  Executor& restart() {
    executor_.reset();
    executor_ = home_->open();
    return *executor_;
  }
  Ending run(const Launch& what) {
    Witness witness(*executor_);
    executor_->start(what);
    return witness.end(what.attempt_id);
  }

  std::unique_ptr<ExecutorHome> home_;
  std::unique_ptr<Executor> executor_;
};

TEST_P(ExecutorConformance, a_run_that_ends_well_is_told_from_start_to_end) {
  Witness witness(*executor_);
  executor_->start(launch("exit 0"));
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 0);
  EXPECT_EQ(verdict(ending), Verdict::succeeded);
  EXPECT_FALSE(ending.message.empty());
  EXPECT_EQ(witness.phases("sales-1-abcde").back(), Phase::ended);
  const std::optional<Attempt> found = executor_->find("sales-1-abcde");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->phase, Phase::ended);
  EXPECT_EQ(found->execution_id, "sales-1");
  EXPECT_EQ(found->job_name, "sales");
}

TEST_P(ExecutorConformance, an_exit_code_is_kept_and_is_no_success) {
  const Ending ending = run(launch("exit 7"));
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 7);
  EXPECT_EQ(verdict(ending), Verdict::platform_error);
}

TEST_P(ExecutorConformance, a_run_says_itself_whose_error_it_was) {
  const std::string file = "\"$VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE\"";
  const Ending ending = run(
      launch(R"(echo '{"vdk_version": "1.2", "status": "User error"}' > )" + file + "; exit 1"));
  EXPECT_EQ(ending.termination_status, "User error");
  EXPECT_EQ(ending.vdk_version, "1.2");
  EXPECT_EQ(verdict(ending), Verdict::user_error);
  // What is there from the beginning of a run, and was never replaced.
  const Ending vanished =
      run(launch(R"(echo '{"status": "Platform error"}' > )" + file, "vanished"));
  EXPECT_EQ(vanished.exit_code, 0);
  EXPECT_EQ(verdict(vanished), Verdict::platform_error);
}

TEST_P(ExecutorConformance, a_signal_from_elsewhere_is_told) {
  const Ending ending = run(launch("kill -KILL $$"));
  EXPECT_EQ(ending.cause, Cause::signalled);
  EXPECT_EQ(ending.signal, 9);
  EXPECT_EQ(verdict(ending), Verdict::platform_error);
}

TEST_P(ExecutorConformance, one_id_is_started_once) {
  const Launch once = launch("echo started");
  EXPECT_EQ(run(once).exit_code, 0);
  executor_->start(once);
  EXPECT_EQ(log_lines(whole_output(*executor_, once.attempt_id, Output::log)),
            (std::vector<std::string>{"started"}));
  EXPECT_EQ(executor_->list().size(), 1U);
}

TEST_P(ExecutorConformance, both_outputs_are_in_the_log_each_line_with_its_time) {
  EXPECT_EQ(run(launch("echo one; echo two >&2; printf three")).exit_code, 0);
  EXPECT_EQ(log_lines(whole_output(*executor_, "sales-1-abcde", Output::log)),
            (std::vector<std::string>{"one", "two", "three"}));
}

TEST_P(ExecutorConformance, a_log_is_read_by_tail_and_by_range) {
  EXPECT_EQ(run(launch("seq 1 1000")).exit_code, 0);
  const auto tail = [&](std::int64_t lines) {
    return log_lines(executor_->read("sales-1-abcde", Output::log, {.tail_lines = lines}).text);
  };
  EXPECT_EQ(tail(2), (std::vector<std::string>{"999", "1000"}));
  EXPECT_EQ(tail(5000).size(), 1000U);
  const OutputPart part =
      executor_->read("sales-1-abcde", Output::log, {.offset = 31, .max_bytes = 10});
  EXPECT_EQ(part.offset, 31);
  EXPECT_EQ(part.text.size(), 10U);
  EXPECT_EQ(part.text.substr(0, 2), "1\n");
  EXPECT_FALSE(part.complete);
  const OutputPart beyond = executor_->read("sales-1-abcde", Output::log, {.offset = 1 << 30});
  EXPECT_EQ(beyond.text, "");
  EXPECT_TRUE(beyond.complete);
}

TEST_P(ExecutorConformance, a_log_is_followed_while_the_run_is_at_work) {
  executor_->start(launch("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"));
  await_words(*executor_, "sales-1-abcde", "ready");
  EXPECT_EQ(executor_->find("sales-1-abcde")->phase, Phase::running);
  EXPECT_TRUE(executor_->cancel("sales-1-abcde", std::chrono::seconds(60)));
  EXPECT_EQ(log_lines(whole_output(*executor_, "sales-1-abcde", Output::log)).front(), "ready");
}

TEST_P(ExecutorConformance, values_reach_the_run_as_they_are) {
  Launch what = launch(R"(printf '%s|%s|%s|%s|%s' "$PLAIN" "$SECRET" "$VDK_EXECUTION_ID" )"
                       R"("$VDK_ATTEMPT_ID" "$VDK_OP_ID")");
  what.op_id = "op 1";
  what.variables = {{.name = "PLAIN", .value = "a 'b' \"c\" $HOME `d` \\ ünï"}};
  what.secrets = {{.name = "SECRET", .value = "p'w\"$("}};
  EXPECT_EQ(run(what).exit_code, 0);
  EXPECT_EQ(log_lines(whole_output(*executor_, what.attempt_id, Output::log)),
            (std::vector<std::string>{
                "a 'b' \"c\" $HOME `d` \\ ünï|p'w\"$(|sales-1|sales-1-abcde|op 1"}));
}

TEST_P(ExecutorConformance, what_runs_is_asked_to_end_when_it_is_cancelled) {
  Witness witness(*executor_);
  executor_->start(
      launch("trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.05; done"));
  await_words(*executor_, "sales-1-abcde", "ready");
  EXPECT_TRUE(executor_->cancel("sales-1-abcde", std::chrono::seconds(60)));
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::cancelled);
  EXPECT_EQ(ending.exit_code, 3);
  EXPECT_EQ(verdict(ending), Verdict::cancelled);
  EXPECT_EQ(log_lines(whole_output(*executor_, "sales-1-abcde", Output::log)).back(), "asked");
  EXPECT_FALSE(executor_->cancel("sales-1-abcde", std::chrono::seconds(0)));
  EXPECT_FALSE(executor_->cancel("unknown", std::chrono::seconds(0)));
}

TEST_P(ExecutorConformance, what_does_not_end_when_asked_is_ended_hard) {
  Witness witness(*executor_);
  executor_->start(launch("trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done"));
  await_words(*executor_, "sales-1-abcde", "ready");
  // Far away; the second call's grace is the shorter one.
  EXPECT_TRUE(executor_->cancel("sales-1-abcde", std::chrono::hours(1)));
  await_words(*executor_, "sales-1-abcde", "no");
  EXPECT_TRUE(executor_->cancel("sales-1-abcde", std::chrono::milliseconds(10)));
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::cancelled);
  EXPECT_EQ(ending.signal, 9);
}

TEST_P(ExecutorConformance, time_is_limited) {
  Launch what = launch("trap 'exit 0' TERM; while :; do sleep 0.05; done");
  what.limits.time = std::chrono::seconds(1);
  const Ending ending = run(what);
  EXPECT_EQ(ending.cause, Cause::time_limit);
  EXPECT_EQ(verdict(ending), Verdict::user_error);
}

TEST_P(ExecutorConformance, memory_is_limited) {
  // A shell keeps what it reads: a variable that doubles without end.
  Launch what = launch("x=0123456789abcdef; while :; do x=$x$x; done");
  what.limits.memory_bytes = std::int64_t{64} << 20;
  const Ending ending = run(what);
  EXPECT_NE(ending.exit_code, 0);
  EXPECT_EQ(ending.cause, Cause::out_of_memory) << ending.message;
  EXPECT_EQ(verdict(ending), Verdict::user_error);
}

TEST_P(ExecutorConformance, a_service_that_starts_again_adopts_what_runs) {
  executor_->start(launch("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"));
  await_words(*executor_, "sales-1-abcde", "ready");
  Executor& next = restart();
  Witness witness(next);
  EXPECT_EQ(witness.wait("sales-1-abcde", Phase::running).job_name, "sales");
  EXPECT_TRUE(next.cancel("sales-1-abcde", std::chrono::seconds(60)));
  const Ending ending = witness.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::cancelled);
  EXPECT_EQ(ending.exit_code, 9);
}

TEST_P(ExecutorConformance, what_ended_while_no_service_was_there_is_told_truly) {
  executor_->start(launch("echo ready; sleep 0.3; exit 5"));
  await_words(*executor_, "sales-1-abcde", "ready");
  Executor& next = restart();
  {
    Witness witness(next);
    EXPECT_EQ(witness.end("sales-1-abcde").exit_code, 5);
  }
  Witness later(restart());
  const Ending ending = later.end("sales-1-abcde");
  EXPECT_EQ(ending.cause, Cause::exited);
  EXPECT_EQ(ending.exit_code, 5);
}

TEST_P(ExecutorConformance, what_ended_is_forgotten_when_asked) {
  executor_->start(launch("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"));
  await_words(*executor_, "sales-1-abcde", "ready");
  EXPECT_FALSE(executor_->forget("sales-1-abcde"));
  executor_->cancel("sales-1-abcde", std::chrono::seconds(60));
  whole_output(*executor_, "sales-1-abcde", Output::log);
  EXPECT_TRUE(executor_->forget("sales-1-abcde"));
  EXPECT_FALSE(executor_->find("sales-1-abcde"));
  EXPECT_TRUE(executor_->read("sales-1-abcde", Output::log, {}).complete);
  EXPECT_TRUE(restart().list().empty());
}

TEST_P(ExecutorConformance, many_at_a_time_keep_to_themselves) {
  constexpr int kRuns = 20;
  Witness witness(*executor_);
  for (int i = 0; i < kRuns; ++i) {
    const std::string number = std::to_string(i);
    executor_->start(launch("echo " + number + "; exit " + number, "run-" + number));
  }
  for (int i = 0; i < kRuns; ++i) {
    const std::string id = "run-" + std::to_string(i);
    EXPECT_EQ(witness.end(id).exit_code, i);
    EXPECT_EQ(log_lines(whole_output(*executor_, id, Output::log)),
              (std::vector<std::string>{std::to_string(i)}));
  }
}

TEST_P(ExecutorConformance, what_cannot_be_started_is_refused_or_has_an_ending) {
  Launch nameless = launch("exit 0", "Not An Id/..");
  EXPECT_THROW(executor_->start(nameless), std::exception);
  Launch broken = launch("exit 0");
  broken.variables = {{.name = "A=B", .value = "c"}};
  EXPECT_THROW(executor_->start(broken), std::exception);
  EXPECT_TRUE(executor_->list().empty());
}

}  // namespace vdk::service
