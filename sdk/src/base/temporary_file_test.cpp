#include "base/temporary_file.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/file.hpp"

namespace vdk {
namespace {

TEST(TemporaryFile, is_read_again_from_its_start) {
  TemporaryFile file;
  file.write("first ");
  file.write("second");
  EXPECT_EQ(read_file(file.path()), "first second");
  EXPECT_EQ(read_file(file.path()), "first second");
}

TEST(TemporaryFile, takes_what_a_pipe_gives) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "through a pipe", 14), 14);
  close(ends[1]);
  TemporaryFile file;
  file.write_from(ends[0]);
  close(ends[0]);
  EXPECT_EQ(read_file(file.path()), "through a pipe");
}

TEST(TemporaryFile, is_gone_with_its_object) {
  std::filesystem::path path;
  {
    TemporaryFile file;
    path = file.path();
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace vdk
