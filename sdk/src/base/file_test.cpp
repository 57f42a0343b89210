#include "base/file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class File : public testing::Test {
 protected:
  File() { fs::create_directories(root_); }
  ~File() override { fs::remove_all(root_); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(root_)) {
      found.push_back(entry.path().filename().string());
    }
    return found;
  }

  const fs::path root_ = fs::path(testing::TempDir()) /
                         ("vdk_file_" + std::to_string(getpid()) + "_" +
                          testing::UnitTest::GetInstance()->current_test_info()->name());
};

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

// Runs `work` in a child process; gives its exit code. No test framework runs in the child.
int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Error failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return user_error({.what = ""});
}

TEST_F(File, reading_gives_every_byte) {
  const std::string content = std::string("a\0b\r\n", 5) + std::string(200000, 'x');
  std::ofstream(root_ / "f", std::ios::binary) << content;
  EXPECT_EQ(read_file(root_ / "f"), content);
  std::ofstream(root_ / "empty", std::ios::binary) << "";
  EXPECT_EQ(read_file(root_ / "empty"), "");
}

TEST_F(File, reading_what_is_absent_is_the_users_error_or_nothing) {
  const Error error = failure_of([&] { (void)read_file(root_ / "none.sql"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(error.text().what, "The file " + (root_ / "none.sql").string() + " cannot be read.");
  EXPECT_EQ(error.text().why, "The system says: No such file or directory.");
  EXPECT_FALSE(error.text().consequence.empty());
  EXPECT_FALSE(error.text().countermeasure.empty());
  EXPECT_EQ(read_file_if_exists(root_ / "none.sql"), std::nullopt);
}

TEST_F(File, reading_a_directory_says_so) {
  const Error error = failure_of([&] { (void)read_file_if_exists(root_); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().countermeasure.find("is a directory"), std::string::npos);
}

TEST_F(File, reading_without_permission_is_the_users_error) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::ofstream(root_ / "f") << "x";
  chmod((root_ / "f").c_str(), 0);
  const Error error = failure_of([&] { (void)read_file(root_ / "f"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_NE(error.text().why.find("Permission denied"), std::string::npos);
}

TEST_F(File, atomic_writing_replaces_creates_directories_and_leaves_nothing_else) {
  const fs::path file = root_ / "a/b/c";
  write_file_atomic(file, "one");
  write_file_atomic(file, "two");
  EXPECT_EQ(read_file(file), "two");
  fs::rename(file, root_ / "c");
  fs::remove_all(root_ / "a");
  write_file_atomic(root_ / "c", "three");
  EXPECT_EQ(names(), std::vector<std::string>{"c"});
}

TEST_F(File, atomic_writing_keeps_rights_and_owner_only_takes_them) {
  const mode_t mask = umask(022);
  write_file_atomic(root_ / "open", "x");
  EXPECT_EQ(mode_of(root_ / "open"), 0644U);
  chmod((root_ / "open").c_str(), 0664);
  write_file_atomic(root_ / "open", "y");
  EXPECT_EQ(mode_of(root_ / "open"), 0664U);
  write_file_atomic(root_ / "open", "z", Access::owner_only);
  EXPECT_EQ(mode_of(root_ / "open"), 0600U);
  write_file_atomic(root_ / "closed/secret", "x", Access::owner_only);
  EXPECT_EQ(mode_of(root_ / "closed"), 0700U);
  EXPECT_EQ(mode_of(root_ / "closed/secret"), 0600U);
  umask(mask);
}

TEST_F(File, atomic_writing_follows_a_link) {
  fs::create_directories(root_ / "real");
  std::ofstream(root_ / "real/f") << "old";
  fs::create_symlink(root_ / "real/f", root_ / "link");
  write_file_atomic(root_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(root_ / "link"));
  EXPECT_EQ(read_file(root_ / "real/f"), "new");
}

TEST_F(File, a_file_in_the_place_of_a_directory_is_named) {
  std::ofstream(root_ / "file") << "x";
  const Error error = failure_of([&] { write_file_atomic(root_ / "file/sub/f", "x"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.text().why, "The system says: Not a directory.");
  EXPECT_NE(error.text().countermeasure.find("is a file"), std::string::npos);
}

TEST_F(File, a_directory_without_write_permission_is_named) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  chmod(root_.c_str(), 0500);
  const Error error = failure_of([&] { write_file_atomic(root_ / "f", "x"); });
  chmod(root_.c_str(), 0700);
  EXPECT_NE(error.text().why.find("Permission denied"), std::string::npos);
}

// A limit on file sizes fails a write half-way, as a full disk does.
TEST_F(File, a_write_that_fails_half_way_keeps_the_old_content) {
  const fs::path file = root_ / "f";
  write_file_atomic(file, "old");
  const int exit_code = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file_atomic(file, std::string(5000, 'n'));
    } catch (const Error& error) {
      const bool told = error.text().why == "The system says: File too large." &&
                        error.text().consequence.find("unchanged") != std::string::npos;
      return told ? 0 : 2;
    }
    return 1;
  });
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"f"});
}

TEST_F(File, a_full_disk_says_what_to_free) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const Error error = failure_of([] { write_file_in_place("/dev/full", "x"); });
  EXPECT_EQ(error.text().why, "The system says: No space left on device.");
  EXPECT_EQ(error.text().countermeasure, "Free space on the file system of /dev, then run again.");
}

TEST_F(File, writing_in_place_keeps_the_inode_and_shortens) {
  const fs::path file = root_ / "f";
  std::ofstream(file) << "a longer text";
  struct stat before{};
  struct stat after{};
  stat(file.c_str(), &before);
  write_file_in_place(file, "short");
  stat(file.c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(read_file(file), "short");
}

TEST_F(File, writing_in_place_accepts_a_device) {
  EXPECT_NO_THROW(write_file_in_place("/dev/null", "x"));
}

TEST_F(File, a_kill_at_any_time_leaves_the_old_or_the_new_content) {
  const fs::path file = root_ / "f";
  const std::string old_content(100000, 'o');
  const std::string new_content(120000, 'n');
  write_file_atomic(file, old_content);
  for (int round = 0; round < 20; ++round) {
    int progress[2];
    ASSERT_EQ(pipe(progress), 0);
    const pid_t child = fork();
    if (child == 0) {
      for (;;) {
        write_file_atomic(file, new_content);
        if (write(progress[1], "n", 1) != 1) _exit(1);
        write_file_atomic(file, old_content);
      }
    }
    char byte = 0;
    ASSERT_EQ(read(progress[0], &byte, 1), 1);
    for (int i = 0; i < round * 3; ++i) {
      const std::string seen = read_file(file);
      ASSERT_TRUE(seen == old_content || seen == new_content) << seen.size();
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(progress[0]);
    close(progress[1]);
    const std::string left = read_file(file);
    ASSERT_TRUE(left == old_content || left == new_content) << left.size();
  }
}

TEST_F(File, a_lock_excludes_others_until_it_is_dropped) {
  const fs::path path = root_ / "locks/a.lock";
  {
    const std::optional<FileLock> lock = FileLock::try_lock(path);
    ASSERT_TRUE(lock);
    EXPECT_FALSE(FileLock::try_lock(path));
    EXPECT_EQ(in_child([&] { return FileLock::try_lock(path) ? 1 : 0; }), 0);
    const Error error = failure_of([&] { const FileLock second(path, 5ms); });
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
    EXPECT_NE(error.text().what.find("held by another process"), std::string::npos);
  }
  EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(File, a_moved_lock_is_one_lock) {
  const fs::path path = root_ / "lock";
  FileLock first(path, 0ms);
  const FileLock second(std::move(first));
  EXPECT_FALSE(FileLock::try_lock(path));
}

TEST_F(File, many_may_share_a_lock) {
  const fs::path path = root_ / "lock";
  std::optional<FileLock> first = FileLock::try_lock(path);
  ASSERT_TRUE(first);
  EXPECT_THROW(FileLock(path, 1ms, LockMode::shared), Error);
  first->share();
  std::optional<FileLock> second(std::in_place, path, 0ms, LockMode::shared);
  EXPECT_FALSE(FileLock::try_lock(path));
  first.reset();
  EXPECT_FALSE(FileLock::try_lock(path));
  second.reset();
  EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(File, a_lock_goes_with_its_process) {
  const fs::path path = root_ / "lock";
  EXPECT_EQ(in_child([&] {
              const FileLock lock(path, 0ms);
              raise(SIGKILL);
              return 0;
            }),
            128 + SIGKILL);
  EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(File, a_forked_child_neither_releases_nor_keeps_the_lock) {
  const fs::path path = root_ / "lock";
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  pid_t keeper = 0;
  {
    std::optional<FileLock> lock = FileLock::try_lock(path);
    ASSERT_TRUE(lock);
    EXPECT_EQ(in_child([&] {
                lock.reset();
                return 0;
              }),
              0);
    EXPECT_FALSE(FileLock::try_lock(path)) << "the child released it";
    keeper = fork();
    if (keeper == 0) {
      close(gate[1]);
      char byte = 0;
      _exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
    }
  }
  EXPECT_TRUE(FileLock::try_lock(path)) << "the child keeps it";
  close(gate[1]);
  waitpid(keeper, nullptr, 0);
  close(gate[0]);
}

TEST_F(File, a_waiting_lock_gets_its_turn) {
  const fs::path counter = root_ / "counter";
  write_file_atomic(counter, "0");
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (int j = 0; j < 5; ++j) {
        const FileLock lock(root_ / "lock", 60s);
        write_file_atomic(counter, std::to_string(std::stoi(read_file(counter)) + 1));
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  EXPECT_EQ(read_file(counter), "20");
}

TEST_F(File, a_lock_in_an_impossible_place_is_an_error) {
  std::ofstream(root_ / "file") << "x";
  const Error error = failure_of([&] { (void)FileLock::try_lock(root_ / "file/lock"); });
  EXPECT_EQ(error.text().why, "The system says: Not a directory.");
}

class Variables {
 public:
  using Values = std::vector<std::pair<std::string, std::string>>;
  explicit Variables(const Values& values) {
    for (const char* name : {"VDK_STATE_DIRECTORY", "XDG_STATE_HOME", "HOME", "TMPDIR"}) {
      const char* value = getenv(name);
      before_.emplace_back(name,
                           value != nullptr ? std::optional<std::string>(value) : std::nullopt);
      unsetenv(name);
    }
    for (const auto& [name, value] : values) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variables() {
    for (const auto& [name, value] : before_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST_F(File, local_state_lies_where_the_environment_says) {
  const std::string home = root_.string();
  {
    const Variables set(
        Variables::Values{{"VDK_STATE_DIRECTORY", "/s"}, {"XDG_STATE_HOME", "/x"}, {"HOME", home}});
    EXPECT_EQ(local_state_directory(), "/s");
  }
  {
    const Variables set(Variables::Values{{"XDG_STATE_HOME", "/x"}, {"HOME", home}});
    EXPECT_EQ(local_state_directory(), "/x/vdk");
  }
  {
    const Variables set(Variables::Values{{"XDG_STATE_HOME", "relative"}, {"HOME", home}});
    EXPECT_EQ(local_state_directory(), root_ / ".local/state/vdk");
  }
  {
    const Variables set(Variables::Values{{"HOME", "/no/such/home"}, {"TMPDIR", home}});
    EXPECT_EQ(local_state_directory(), root_ / ("vdk-" + std::to_string(getuid())));
  }
  const Variables set(Variables::Values{{"VDK_STATE_DIRECTORY", "state"}});
  EXPECT_EQ(local_state_directory(), fs::current_path() / "state");
}

}  // namespace
}  // namespace vdk
