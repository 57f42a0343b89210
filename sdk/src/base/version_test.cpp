#include "vdk/base/version.hpp"

#include <gtest/gtest.h>

#include "base/build_info.hpp"

TEST(Version, is_the_one_of_the_project) { EXPECT_EQ(vdk::version(), vdk::kVersion); }
