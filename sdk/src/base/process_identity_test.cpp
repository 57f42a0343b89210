#include "base/process_identity.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace vdk {
namespace {

TEST(ProcessIdentity, this_process_is_alive) {
  const ProcessIdentity self = current_process_identity();
  EXPECT_EQ(self.pid, getpid());
  EXPECT_TRUE(is_alive(self));
}

TEST(ProcessIdentity, a_process_that_ended_is_gone_even_before_it_is_reaped) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  const pid_t child = fork();
  if (child == 0) {
    const ProcessIdentity self = current_process_identity();
    const std::string text = self.start_time + '\n';
    _exit(write(gate[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  close(gate[1]);
  std::string start_time;
  for (char byte = 0; read(gate[0], &byte, 1) == 1 && byte != '\n';) start_time += byte;
  close(gate[0]);
  ProcessIdentity identity = current_process_identity();
  identity.pid = child;
  identity.start_time = start_time;
#if defined(__linux__)
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_alive(identity)) << "a zombie";
#endif
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_alive(identity));
}

TEST(ProcessIdentity, a_process_id_that_was_given_again_is_another_process) {
  ProcessIdentity other = current_process_identity();
  if (other.start_time.empty())
    GTEST_SKIP() << "this platform does not tell when a process started";
  other.start_time = "1";
  EXPECT_FALSE(is_alive(other));
}

TEST(ProcessIdentity, nothing_survives_a_boot) {
  ProcessIdentity other = current_process_identity();
  other.boot = "another";
  EXPECT_FALSE(is_alive(other));
}

TEST(ProcessIdentity, another_container_cannot_be_seen) {
  ProcessIdentity other = current_process_identity();
  other.pid = 999999999;
  EXPECT_FALSE(is_alive(other));
  other.pid_namespace = "pid:[1]";
  EXPECT_TRUE(is_alive(other));
}

TEST(ProcessIdentity, no_process_is_not_alive) { EXPECT_FALSE(is_alive({})); }

}  // namespace
}  // namespace vdk
