// Control groups of the kernel that the tests run on, as far as it lets us have them.
#include "executor/cgroup.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/ids.hpp"

namespace vdk::service {
namespace {

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    place_ = prepare_cgroups({});
    const Limits limits{.memory_bytes = std::int64_t{64} << 20, .cores = 0.5, .processes = 5};
    group_ = Cgroup::make(place_, "test." + make_uuid4(), limits);
    if (!group_) GTEST_SKIP() << "no control groups can be made here: " << place_.why_not;
  }

  void TearDown() override {
    if (!group_) return;
    group_->kill();
    while (wait(nullptr) > 0) {
    }
    wait_until_empty();
    group_->remove();
    for (const auto& directory : group_->directories()) {
      EXPECT_FALSE(std::filesystem::exists(directory)) << directory;
    }
  }

  // Runs in a member; gives its status as waitpid() does.
  [[nodiscard]] int run(const std::function<int()>& work) {
    const pid_t child = group_->fork();
    if (child == 0) _exit(group_->join() ? work() : 99);
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  // What members left behind is reaped by another process: its end is awaited, not timed.
  void wait_until_empty() const {
    while (group_->has_members()) usleep(1000);
  }

  CgroupPlace place_;
  std::optional<Cgroup> group_;
};

TEST_F(CgroupTest, the_kernel_refuses_more_processes) {
  if (!place_.processes) GTEST_SKIP() << "the kernel limits no processes here";
  EXPECT_EQ(group_->refused_processes(), 0);
  const int status = run([] {
    int made = 0;
    while (made < 50) {
      const pid_t child = fork();
      if (child == 0) {
        pause();
        _exit(0);
      }
      if (child < 0) break;
      ++made;
    }
    return made;
  });
  EXPECT_EQ(WEXITSTATUS(status), 4) << "five with itself";
  EXPECT_GT(group_->refused_processes(), 0);
  EXPECT_TRUE(group_->has_members());
  EXPECT_EQ(group_->members().size(), 4U);
}

TEST_F(CgroupTest, the_kernel_ends_what_uses_too_much_memory) {
  if (!place_.memory) GTEST_SKIP() << "the kernel limits no memory here";
  const int status = run([] {
    constexpr std::size_t kSize = std::size_t{256} << 20;
    void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 98;
    std::memset(memory, 1, kSize);
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_GT(group_->memory_kills(), 0);
  EXPECT_GT(group_->peak_memory().value_or(0), std::int64_t{32} << 20);
  EXPECT_FALSE(group_->has_members());
}

TEST_F(CgroupTest, the_kernel_is_told_the_share_of_processors) {
  if (!place_.cpu) GTEST_SKIP() << "the kernel limits no processor time here";
  std::string told;
  for (const auto& directory : group_->directories()) {
    for (const char* file : {"cpu.max", "cpu.cfs_quota_us"})
      told += read_file_if_exists(directory / file).value_or("");
  }
  EXPECT_TRUE(told.starts_with("50000")) << told;
}

TEST_F(CgroupTest, what_members_started_goes_with_them) {
  ASSERT_EQ(run([] {
              if (fork() == 0) {
                setsid();
                pause();
              }
              return 0;
            }),
            0);
  EXPECT_TRUE(group_->has_members());
  group_->kill();
  wait_until_empty();
}

TEST(CgroupPlaceTest, a_directory_without_groups_is_said_to_have_none) {
  const auto place = prepare_cgroups("/proc/self/no/groups");
  EXPECT_TRUE(place.directory.empty());
  EXPECT_TRUE(place.version_1.empty());
  EXPECT_FALSE(place.why_not.empty());
  EXPECT_FALSE(Cgroup::make(place, "none", {}));
}

}  // namespace
}  // namespace vdk::service
