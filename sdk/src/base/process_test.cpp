#include "base/process.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

using namespace std::chrono_literals;

TEST(Process, both_outputs_and_the_exit_code_are_read) {
  const auto output = run_process({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, 10s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 3);
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err, "err\n");
}

TEST(Process, arguments_pass_no_shell_and_standard_input_is_empty) {
  const auto echoed = run_process({"echo", "$HOME; *", "a  b"}, 10s);
  ASSERT_TRUE(echoed);
  EXPECT_EQ(echoed->out, "$HOME; * a  b\n");
  const auto read = run_process({"cat"}, 10s);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->out, "");
}

TEST(Process, lines_come_while_the_program_runs) {
  std::vector<std::string> lines;
  const auto exit_code =
      run_process_lines({"/bin/sh", "-c", "pwd; echo \"$GIVEN\" >&2; printf end; exit 4"},
                        {.directory = "/", .variables = {"GIVEN=a b"}, .time_limit = 10s},
                        [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(exit_code, 4);
  EXPECT_EQ(lines, (std::vector<std::string>{"/", "a b", "end"}));
}

TEST(Process, lines_end_with_the_time_limit) {
  std::vector<std::string> lines;
  const auto exit_code =
      run_process_lines({"/bin/sh", "-c", "echo begun; sleep 1000"}, {.time_limit = 200ms},
                        [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_FALSE(exit_code);
  EXPECT_EQ(lines, (std::vector<std::string>{"begun"}));
}

TEST(Process, more_than_a_pipe_holds_does_not_block) {
  const auto output =
      run_process({"/bin/sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"}, 10s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out.size(), 300000U);
  EXPECT_EQ(output->err.size(), 300000U);
}

TEST(Process, death_by_signal_is_128_and_the_signal) {
  const auto output = run_process({"/bin/sh", "-c", "kill -TERM $$"}, 10s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 128 + SIGTERM);
}

TEST(Process, what_cannot_be_started_gives_nothing) {
  EXPECT_FALSE(run_process({"/no/such/program"}, 10s));
  EXPECT_FALSE(run_process({"no-such-program-anywhere"}, 10s));
  EXPECT_FALSE(run_process({}, 10s));
}

TEST(Process, the_time_limit_ends_the_program_and_its_children) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(run_process({"/bin/sh", "-c", "sleep 60 & sleep 60"}, 50ms));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

TEST(Process, a_child_left_behind_does_not_hide_the_result) {
  const auto output = run_process({"/bin/sh", "-c", "echo done; sleep 3 & exit 4"}, 300ms);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 4);
  EXPECT_EQ(output->out, "done\n");
}

TEST(Process, blocked_signals_are_not_inherited) {
  sigset_t block;
  sigset_t before;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &block, &before), 0);
  const auto output = run_process({"/bin/sh", "-c", "kill -TERM $$; echo alive"}, 10s);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 128 + SIGTERM);
}

TEST(Process, the_first_executable_of_the_path_is_found) {
  const std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / ("vdk_path_" + std::to_string(getpid()));
  std::filesystem::create_directories(root / "a/vdk-tool");  // a directory is no program
  std::filesystem::create_directories(root / "b");
  std::filesystem::create_directories(root / "c");
  std::ofstream(root / "b/vdk-tool") << "not executable";
  std::ofstream(root / "c/vdk-tool") << "#!/bin/sh\n";
  chmod((root / "c/vdk-tool").c_str(), 0755);

  const std::string before = std::getenv("PATH");
  const std::string path = (root / "a").string() + ":" + (root / "b").string() +
                           "::" + (root / "c").string() + ":" + before;
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(find_on_path("vdk-tool"), (root / "c/vdk-tool").string());
  EXPECT_EQ(find_on_path("vdk-no-such-tool"), "");
  EXPECT_EQ(find_on_path((root / "b/vdk-tool").string()), "");
  EXPECT_EQ(find_on_path(""), "");
  setenv("PATH", before.c_str(), 1);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace vdk
