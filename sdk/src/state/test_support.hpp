// What the tests of this room share.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::test {

// A directory of its own for each test.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("vdk_state_" + std::to_string(getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(path_);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// Keeps the warnings that are logged while it lives.
class Warnings {
 public:
  Warnings()
      : before_(set_log_sink([this](const LogRecord& record) {
          if (record.level == LogLevel::warning) lines.emplace_back(record.message);
        })) {}
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  ~Warnings() { set_log_sink(std::move(before_)); }

  std::vector<std::string> lines;

 private:
  LogSink before_;
};

// Runs the work in a child process and gives its exit code. The child has nothing of the test
// framework.
inline int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What was thrown, its own class name included.
class Caught : public Error {
 public:
  explicit Caught(const Error& error) : Error(error), name_(error.type_name()) {}
  [[nodiscard]] std::string type_name() const override { return name_; }

 private:
  std::string name_;
};

inline Caught failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return Caught(error);
  }
  ADD_FAILURE() << "no error";
  return Caught(user_error({.what = ""}));
}

}  // namespace vdk::test
