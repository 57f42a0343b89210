#include "source/git_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {

namespace {

// What git needs of this process's environment to find programs, keys, proxies and certificates.
constexpr std::array kInherited = {
    "PATH",          "HOME",         "LANG",          "TMPDIR",          "http_proxy",
    "https_proxy",   "no_proxy",     "HTTP_PROXY",    "HTTPS_PROXY",     "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH"};

std::vector<std::string> environment_of(const GitRun& run) {
  std::vector<std::string> all = {
      // Nobody is there to be asked, and no repository may have programs run.
      "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", "LC_ALL=C.UTF-8"};
  if (std::getenv("GIT_SSH_COMMAND") == nullptr)
    all.emplace_back("GIT_SSH_COMMAND=ssh -o BatchMode=yes");
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) all.push_back(fmt::format("{}={}", name, value));
  }
  all.insert(all.end(), run.variables.begin(), run.variables.end());
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

[[noreturn]] void fail(const std::string& why) {
  throw platform_error({.what = "The program git did not do its work.", .why = why});
}

}  // namespace

bool has_git() { return !find_on_path("git").empty(); }

GitAnswer run_git(const GitRun& run) {
  // Files, because whatever git starts may hold a pipe open after its end.
  const TemporaryDirectory scratch("git");
  const auto out = scratch.path() / "out";
  const auto errors = scratch.path() / "errors";
  std::vector<std::string> words{find_on_path("git")};
  words.insert(words.end(), run.words.begin(), run.words.end());
  auto environment = environment_of(run);
  auto arguments = pointers(words);
  auto variables = pointers(environment);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string input = run.input.empty() ? "/dev/null" : run.input.string();
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  pid_t child = 0;
  const int error = posix_spawn(&child, words.front().c_str(), &files, &attributes,
                                arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) fail("It cannot be started: " + std::generic_category().message(error) + ".");

  const int process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended{process, POLLIN, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(run.time_limit);
  const bool in_time = poll(&ended, 1, static_cast<int>(limit.count())) == 1;
  if (!in_time) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  close(process);
  if (!in_time) {
    fail(fmt::format("'git {}' did not end within {} s.", run.words.front(),
                     run.time_limit.count()));
  }
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_file_if_exists(out).value_or(""),
          .errors = read_file_if_exists(errors).value_or("")};
}

}  // namespace vdk::service
