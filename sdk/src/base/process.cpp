#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

extern "C" char** environ;

namespace vdk {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// Both ends lie above the standard streams even where those are closed, and no other child inherits
// them.
std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
#if defined(__linux__)
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
#else
  if (pipe(ends.data()) != 0) return std::nullopt;
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  for (Descriptor* end : {&pipe.read, &pipe.write}) {
    if (end->number() > STDERR_FILENO) continue;
    *end = Descriptor(fcntl(end->number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (end->number() < 0) return std::nullopt;
  }
  return pipe;
}

class SpawnSettings {
 public:
  SpawnSettings(int out, int err, const std::filesystem::path& directory = {}) {
    posix_spawn_file_actions_init(&actions_);
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);

    // A process group of its own, so that the time limit ends what the program started as well; and
    // the signals as a shell would leave them, whatever this process blocks or ignores.
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT})
      sigaddset(&signals, signal);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  [[nodiscard]] std::optional<pid_t> spawn(const std::vector<std::string>& command,
                                           char** environment = environ) const {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failure =
        posix_spawnp(&child, arguments[0], &actions_, &attributes_, arguments.data(), environment);
    if (failure != 0) return std::nullopt;
    return child;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Appends what is there; closes the pipe at its end.
void read_some(Descriptor& from, std::string& to) {
  std::array<char, 16384> buffer{};
  const ssize_t count = read(from.number(), buffer.data(), buffer.size());
  if (count > 0) {
    to.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
    from.close();
  }
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000));
}

// Reads until both pipes end or the time is over.
void collect(Descriptor& out, Descriptor& err, ProcessOutput& output, Clock::time_point deadline) {
  while (out.number() >= 0 || err.number() >= 0) {
    std::array<pollfd, 2> waiting{pollfd{out.number(), POLLIN, 0}, pollfd{err.number(), POLLIN, 0}};
    const int ready = poll(waiting.data(), waiting.size(), milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return;
    if (waiting[0].revents != 0) read_some(out, output.out);
    if (waiting[1].revents != 0) read_some(err, output.err);
  }
}

// The exit code once the child has ended; nothing when it has not by the deadline.
std::optional<int> wait_until(pid_t child, Clock::time_point deadline) {
  for (int pause = 1;; pause = std::min(pause * 2, 20)) {
    int status = 0;
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    // Somebody else reaped it (SIGCHLD is ignored here): how it ended is unknown, so no success.
    if (ended < 0 && errno != EINTR) return 255;
    const int left = milliseconds_until(deadline);
    if (left == 0) return std::nullopt;
    poll(nullptr, 0, std::min(pause, left));
  }
}

// The same, but a child that has not ended is killed, with its group.
std::optional<int> end_by(pid_t child, Clock::time_point deadline) {
  const std::optional<int> exit_code = wait_until(child, deadline);
  if (exit_code) return exit_code;
  kill(-child, SIGKILL);
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::nullopt;
}

// This process's variables, but for those that are given anew.
std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  std::vector<std::string> all = variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view name = std::string_view(*at).substr(0, std::string_view(*at).find('='));
    const bool is_given = std::ranges::any_of(variables, [&](const std::string& variable) {
      return variable.starts_with(name) && variable.size() > name.size() &&
             variable[name.size()] == '=';
    });
    if (!is_given) all.emplace_back(*at);
  }
  return all;
}

bool is_executable_file(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_regular_file(path, failure) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<ProcessOutput> run_process(const std::vector<std::string>& command,
                                         std::chrono::milliseconds time_limit) {
  if (command.empty()) return std::nullopt;
  const Clock::time_point deadline = Clock::now() + time_limit;
  std::optional<Pipe> out = make_pipe();
  std::optional<Pipe> err = make_pipe();
  if (!out || !err) return std::nullopt;
  const std::optional<pid_t> child =
      SpawnSettings(out->write.number(), err->write.number()).spawn(command);
  if (!child) return std::nullopt;
  out->write.close();
  err->write.close();

  ProcessOutput output;
  collect(out->read, err->read, output, deadline);
  const std::optional<int> exit_code = end_by(*child, deadline);
  if (!exit_code) return std::nullopt;
  output.exit_code = *exit_code;
  return output;
}

std::optional<int> run_process_lines(const std::vector<std::string>& command,
                                     const ProcessSetting& setting,
                                     const std::function<void(std::string_view line)>& on_line) {
  if (command.empty()) return std::nullopt;
  const Clock::time_point deadline = Clock::now() + setting.time_limit;
  std::optional<Pipe> pipe = make_pipe();
  if (!pipe) return std::nullopt;
  const std::vector<std::string> variables = environment_with(setting.variables);
  std::vector<char*> environment;
  for (const std::string& variable : variables)
    environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);
  const int output = pipe->write.number();
  const std::optional<pid_t> child =
      SpawnSettings(output, output, setting.directory).spawn(command, environment.data());
  if (!child) return std::nullopt;
  pipe->write.close();

  // A line without an end is handed over in pieces.
  constexpr std::size_t kLongestLine = std::size_t{1} << 20;
  std::string text;
  while (pipe->read.number() >= 0 && Clock::now() < deadline) {
    pollfd waiting{pipe->read.number(), POLLIN, 0};
    const int ready = poll(&waiting, 1, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    read_some(pipe->read, text);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      on_line(std::string_view(text).substr(begin, end - begin));
    text.erase(0, begin);
    if (text.size() > kLongestLine) {
      on_line(text);
      text.clear();
    }
  }
  if (!text.empty()) on_line(text);
  return end_by(*child, deadline);
}

std::string find_on_path(const std::string& name) {
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) return is_executable_file(name) ? name : std::string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  for (;;) {
    const std::size_t end = rest.find(':');
    const std::string_view directory = rest.substr(0, end);
    // An empty entry is the current directory.
    const std::filesystem::path file =
        std::filesystem::path(directory.empty() ? "." : directory) / name;
    if (is_executable_file(file)) return file.string();
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
}

}  // namespace vdk
