#include "vdk/base/backoff.hpp"

#include <gtest/gtest.h>

namespace vdk {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, waits_between_half_and_the_whole_of_a_growing_bounded_pause) {
  Backoff backoff(
      {.attempts = 5, .first = milliseconds(100), .factor = 2, .longest = milliseconds(300)});
  for (const int whole : {100, 200, 300, 300}) {
    const auto pause = backoff.next();
    ASSERT_TRUE(pause);
    EXPECT_GE(*pause, milliseconds(whole / 2));
    EXPECT_LE(*pause, milliseconds(whole));
  }
  EXPECT_FALSE(backoff.next());
}

TEST(Backoff, pauses_differ) {
  const auto pause = [] { return Backoff().next(); };
  const auto first = pause();
  bool differs = false;
  for (int i = 0; i < 50; ++i) differs = differs || pause() != first;
  EXPECT_TRUE(differs);
}

TEST(Backoff, one_attempt_waits_for_nothing) { EXPECT_FALSE(Backoff({.attempts = 1}).next()); }

}  // namespace
}  // namespace vdk
