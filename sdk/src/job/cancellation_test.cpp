#include "job/cancellation.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <semaphore>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

TEST(Cancellation, a_signal_interrupts_more_than_once_and_the_run_sees_it) {
  Cancellation cancellation;
  std::counting_semaphore interrupted(0);
  cancellation.on_signal([&](int signal_number) {
    EXPECT_EQ(signal_number, SIGTERM);
    interrupted.release();
  });
  cancellation.watch(true);
  EXPECT_NO_THROW(cancellation.check());
  kill(getpid(), SIGTERM);
  interrupted.acquire();
  interrupted.acquire();  // the first may have come just before a statement
  try {
    cancellation.check();
    FAIL();
  } catch (const Cancelled& cancelled) {
    EXPECT_EQ(cancelled.exit_code(), 143);
  }
  cancellation.stop();
}

TEST(Cancellation, what_does_not_end_in_time_is_ended_after_its_last_words) {
  const pid_t child = fork();
  if (child == 0) {
    Cancellation cancellation;
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) _exit(1);
    cancellation.set_grace(0, [](int) {});
    cancellation.watch(true);
    kill(getpid(), SIGINT);
    char byte = 0;
    while (read(pipe_ends[0], &byte, 1) <= 0) {  // stuck for good
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST(Cancellation, stopping_gives_the_signals_their_former_effect_back) {
  struct sigaction before{};
  struct sigaction after{};
  sigaction(SIGTERM, nullptr, &before);
  Cancellation cancellation;
  cancellation.watch(true);
  cancellation.stop();
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace vdk
