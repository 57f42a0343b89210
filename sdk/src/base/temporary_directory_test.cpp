#include "vdk/base/temporary_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

namespace vdk {
namespace {

namespace fs = std::filesystem;

TEST(TemporaryDirectory, is_gone_with_its_owner) {
  std::optional<TemporaryDirectory> directory;
  directory.emplace("test-own");
  const fs::path path = directory->path();
  std::ofstream(path / "file") << "rows";
  EXPECT_TRUE(fs::exists(path / "file"));
  directory.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryDirectory, that_of_a_killed_process_goes_with_the_next_and_that_of_a_living_stays) {
  const TemporaryDirectory living("test-abandoned");
  std::ofstream(living.path() / "file") << "rows";
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const TemporaryDirectory abandoned("test-abandoned");
    std::ofstream(abandoned.path() / "file") << "rows";
    const std::string path = abandoned.path().string();
    (void)!write(pipe_ends[1], path.data(), path.size());
    std::raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  std::string path(4096, '\0');
  const ssize_t size = read(pipe_ends[0], path.data(), path.size());
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  ASSERT_GT(size, 0);
  path.resize(static_cast<std::size_t>(size));
  EXPECT_TRUE(fs::exists(path));
  const TemporaryDirectory next("test-abandoned");
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(living.path() / "file"));
  EXPECT_NE(next.path(), living.path());
}

}  // namespace
}  // namespace vdk
