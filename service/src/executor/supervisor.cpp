#include "executor/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/text.hpp"
#include "executor/process_tree.hpp"
#include "executor/record.hpp"

namespace vdk::service {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kLookInterval = 100ms;
// A look may cost the machine one part in so many, as long as it comes round soon.
constexpr int kLookShare = 50;
constexpr auto kLongestLookInterval = 500ms;
constexpr auto kPatienceWithTheKernel = 5s;

std::string system_message(int error) { return std::generic_category().message(error); }

std::string mebibytes(std::int64_t bytes) {
  return fmt::format("{} MiB", (bytes + (std::int64_t{1} << 20) - 1) >> 20);
}

void set_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return;
  limit.rlim_cur = std::min(value, limit.rlim_max);
  limit.rlim_max = limit.rlim_cur;
  setrlimit(resource, &limit);
}

// The job may use as many processors as its share needs, each attempt others.
bool choose_processors(double cores) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  std::vector<std::size_t> processors;
  for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &allowed)) processors.push_back(i);
  }
  const auto wanted = static_cast<std::size_t>(std::ceil(cores));
  if (wanted >= processors.size()) return false;
  std::ranges::shuffle(processors, std::mt19937(std::random_device()()));
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (std::size_t i = 0; i < wanted; ++i) CPU_SET(processors[i], &chosen);
  return sched_setaffinity(0, sizeof chosen, &chosen) == 0;
}

bool write_text(const char* file, std::string_view text) {
  const Descriptor opened(open(file, O_WRONLY | O_CLOEXEC));
  return opened.is_open() &&
         write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

class Supervisor {
 public:
  explicit Supervisor(const Order& order)
      : order_(order), attempt_(order.attempt), log_(attempt_.log(), order.log) {}

  void run() {
    prctl(PR_SET_NAME, "vdk-supervisor");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const Limits& limits = order_.limits;
    cgroup_ =
        Cgroup::make(order_.cgroups,
                     fmt::format("{}.{}", attempt_.path().filename().string(), getpid()), limits);
    watches_memory_ = limits.memory_bytes > 0 && !(cgroup_ && order_.cgroups.memory);
    watches_processes_ = limits.processes > 0 && !(cgroup_ && order_.cgroups.processes);
    watches_group_ = cgroup_ && (limits.processes > 0 || !order_.cgroups.version_1.empty());
    start_ = Clock::now();
    if (limits.time.count() > 0) deadline_ = start_ + limits.time;

    sigset_t signals;
    sigfillset(&signals);
    signals_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    const bool runs = start_job();
    std::ignore = write(kReadyFile, "\n", 1);
    close(kReadyFile);
    while (runs && !wait_status_) turn();
    finish();
  }

 private:
  // ---- the start -----------------------------------------------------------------------------

  bool start_job() {
    std::array<int, 2> output{};
    std::array<int, 2> gate{};
    std::array<int, 2> failure{};
    if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(gate.data(), O_CLOEXEC) != 0 ||
        pipe2(failure.data(), O_CLOEXEC) != 0) {
      return not_started(fmt::format("The system has no pipes left: {}.", system_message(errno)));
    }
    output_ = Descriptor(output[0]);
    Descriptor output_end(output[1]);
    Descriptor gate_end(gate[0]);
    Descriptor gate_way(gate[1]);
    Descriptor failure_way(failure[0]);
    Descriptor failure_end(failure[1]);
    const pid_t parent = getpid();
    job_ = cgroup_ ? cgroup_->fork() : fork();
    if (job_ == 0)
      become_job(parent, output_end.get(), gate_end.get(), gate_way.get(), failure_end.get());
    if (job_ < 0) {
      job_ = 0;
      return not_started(fmt::format("No process can be made: {}.", system_message(errno)));
    }
    output_end.close();
    gate_end.close();
    failure_end.close();
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);

    // Whoever finds this fact missing knows that no program was let run.
    if (!write_record(
            attempt_.started(),
            to_value(StartedFacts{
                .supervisor = mark_of(parent),
                .job = mark_of(job_),
                .boot = current_boot(),
                .cgroup = cgroup_ ? cgroup_->directories() : std::vector<std::filesystem::path>(),
                .enforcement = enforcement()}),
            false)) {
      return not_started(fmt::format("{} cannot be written: {}.", attempt_.started().string(),
                                     system_message(errno)));
    }
    std::ignore = write(gate_way.get(), "\n", 1);
    gate_way.close();
    int error = 0;
    if (read(failure_way.get(), &error, sizeof error) == sizeof error) {
      return not_started(fmt::format("The program {} cannot be started: {}.",
                                     order_.command.front(), system_message(error)));
    }
    return true;
  }

  bool not_started(std::string why) {
    ending_.cause = Cause::not_started;
    ending_.message = std::move(why);
    return false;
  }

  // In the child. The job's session, group, limits and files; then its program.
  [[noreturn]] void become_job(pid_t parent, int output, int gate, int gate_way, int failure) {
    close(gate_way);
    setsid();
    // Without its supervisor nobody would ever know how it ended.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const bool joined = !cgroup_ || cgroup_->join();
    int error = errno;
    // Where the machine's memory ends, the job goes before the service and its supervisor.
    write_text("/proc/self/oom_score_adj", "500");
    set_limit(RLIMIT_CORE, 0);
    const Limits& limits = order_.limits;
    if (limits.cores > 0 && !(cgroup_ && order_.cgroups.cpu)) choose_processors(limits.cores);

    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool placed = joined && dup2(input, STDIN_FILENO) >= 0 &&
                        dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
                        chdir(attempt_.work().c_str()) == 0;
    if (joined) error = errno;
    char released = 0;
    if (read(gate, &released, 1) != 1) _exit(127);
    if (placed) {
      for (int signal = 1; signal < NSIG; ++signal) {
        if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
      }
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      std::vector<char*> words;
      for (const std::string& word : order_.command)
        words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      std::vector<std::string> settings;
      settings.reserve(order_.environment.size());
      for (const Variable& variable : order_.environment)
        settings.push_back(variable.name + '=' + variable.value);
      std::vector<char*> environment;
      for (std::string& setting : settings) environment.push_back(setting.data());
      environment.push_back(nullptr);
      if (watches_memory_) {
        // A fence far behind the limit: for what grows faster than a look comes round.
        set_limit(RLIMIT_DATA, 2 * static_cast<rlim_t>(limits.memory_bytes) + (rlim_t{256} << 20));
      }
      execve(words[0], words.data(), environment.data());
      error = errno;
    }
    std::ignore = write(failure, &error, sizeof error);
    _exit(127);
  }

  [[nodiscard]] std::vector<std::string> enforcement() const {
    const Limits& limits = order_.limits;
    std::vector<std::string> lines;
    lines.push_back(cgroup_ ? "processes are held together by a control group"
                            : "processes are held together by their supervisor: " +
                                  order_.cgroups.why_not);
    if (limits.memory_bytes > 0) {
      lines.push_back(fmt::format(
          "memory: {}, kept by {}", mebibytes(limits.memory_bytes),
          watches_memory_ ? "the supervisor, which looks every 100 ms" : "the control group"));
    }
    if (limits.cores > 0) {
      lines.push_back(fmt::format("processors: {:g}, kept by {}", limits.cores,
                                  cgroup_ && order_.cgroups.cpu
                                      ? "the control group"
                                      : "running on so many of them, rounded up"));
    }
    if (limits.processes > 0) {
      lines.push_back(fmt::format(
          "processes: {}, kept by {}", limits.processes,
          watches_processes_ ? "the supervisor, which looks every 100 ms" : "the control group"));
    }
    if (limits.time.count() > 0)
      lines.push_back(fmt::format("time: {} s, kept by the supervisor", limits.time.count()));
    return lines;
  }

  // ---- while it runs -------------------------------------------------------------------------

  void turn() {
    std::array<pollfd, 2> files{pollfd{signals_.get(), POLLIN, 0},
                                pollfd{output_.get(), POLLIN, 0}};
    poll(files.data(), files.size(), milliseconds_to_wait());
    if (files[1].revents != 0) read_output();
    if (files[0].revents != 0) take_signals();
    const Clock::time_point now = Clock::now();
    if (deadline_ && now >= *deadline_) {
      deadline_.reset();
      ask_to_end(Cause::time_limit, order_.time_limit_grace);
    }
    if (kill_at_ && now >= *kill_at_) {
      kill_at_ = now + 1s;
      signal_all(SIGKILL);
    }
    if (watches() && now >= next_look_) look_at_use();
  }

  [[nodiscard]] int milliseconds_to_wait() const {
    std::optional<Clock::time_point> next = deadline_;
    if (kill_at_ && (!next || *kill_at_ < *next)) next = kill_at_;
    if (watches() && (!next || next_look_ < *next)) next = next_look_;
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
  }

  void read_output() {
    const ssize_t count = read(output_.get(), buffer_.data(), buffer_.size());
    if (count > 0) {
      log_.append({buffer_.data(), static_cast<std::size_t>(count)});
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      output_.close();
    }
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
      const auto number = static_cast<int>(signal.ssi_signo);
      if (number == SIGTERM || number == SIGINT || number == SIGHUP) {
        const auto grace = read_cancel(attempt_);
        ask_to_end(grace ? Cause::cancelled : Cause::signalled,
                   grace.value_or(order_.time_limit_grace));
      }
    }
    reap();
  }

  // Children that ended: the job, and what was left to this process.
  void reap() {
    for (;;) {
      siginfo_t ended{};
      if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
      // While the kernel remembers the job, its group's number is nobody else's.
      if (ended.si_pid == job_) kill(-job_, SIGKILL);
      int status = 0;
      rusage usage{};
      if (wait4(ended.si_pid, &status, WNOHANG, &usage) != ended.si_pid) return;
      if (ended.si_pid == job_) {
        wait_status_ = status;
        job_ = 0;
      }
    }
  }

  void ask_to_end(Cause cause, std::chrono::milliseconds grace) {
    if (!asked_) {
      asked_ = cause;
      if (grace.count() > 0) {
        signal_all(SIGTERM);
        signal_all(SIGCONT);  // what is stopped hears nothing
      }
    } else if (cause == Cause::cancelled && *asked_ == Cause::signalled) {
      asked_ = cause;
    }
    const Clock::time_point then = Clock::now() + grace;
    kill_at_ = kill_at_ ? std::min(*kill_at_, then) : then;
  }

  // The job's group gets any signal; what has left it gets the last one.
  void signal_all(int signal) {
    if (job_ > 0) kill(-job_, signal);
    if (signal != SIGKILL) return;
    if (cgroup_) cgroup_->kill();
    const std::vector<pid_t> found = descendants_of(getpid());
    const std::set<pid_t> known(found.begin(), found.end());
    for (const pid_t pid : found) {
      // The file keeps the process, so that what is asked of it is true of what gets the signal.
      const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
      const auto facts = facts_of(pid);
      if (!process.is_open() || !facts) continue;
      if (facts->parent == getpid() || known.contains(facts->parent))
        syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    }
  }

  [[nodiscard]] bool watches() const {
    return watches_memory_ || watches_processes_ || watches_group_;
  }

  [[nodiscard]] std::optional<Cause> broken_in_group() const {
    if (cgroup_ && cgroup_->memory_kills() > 0) return Cause::out_of_memory;
    if (cgroup_ && cgroup_->refused_processes() > 0) return Cause::too_many_processes;
    return std::nullopt;
  }

  void look_at_use() {
    const Clock::time_point begin = Clock::now();
    if (const auto broken = broken_in_group()) {
      end_for(*broken);
      return;
    }
    const std::vector<pid_t> processes = cgroup_ ? cgroup_->members() : descendants_of(getpid());
    const Limits& limits = order_.limits;
    if (watches_processes_ && (static_cast<std::int64_t>(processes.size()) > limits.processes ||
                               threads_of(processes) > limits.processes)) {
      end_for(Cause::too_many_processes);
      return;
    }
    const std::int64_t resident = resident_bytes(processes);
    if (watches_memory_ && resident > limits.memory_bytes) {
      const std::int64_t used = proportional_bytes(processes);
      peak_memory_ = std::max(peak_memory_, used);
      if (used > limits.memory_bytes) end_for(Cause::out_of_memory);
    } else {
      peak_memory_ = std::max(peak_memory_, resident);
    }
    const Clock::time_point end = Clock::now();
    next_look_ = end + std::clamp<Clock::duration>((end - begin) * kLookShare, kLookInterval,
                                                   kLongestLookInterval);
  }

  // Over a limit: nothing is asked any more.
  void end_for(Cause cause) {
    if (!broken_limit_) broken_limit_ = cause;
    kill_at_ = Clock::now();
    next_look_ = *kill_at_ + kLookInterval;
  }

  // ---- the end -------------------------------------------------------------------------------

  void finish() {
    end_what_is_left();
    while (output_.is_open()) {
      const ssize_t count = read(output_.get(), buffer_.data(), buffer_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      log_.append({buffer_.data(), static_cast<std::size_t>(count)});
    }
    log_.finish();
    decide_cause();
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto microseconds = [](const timeval& time) {
      return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    ending_.usage = {
        .user_time = microseconds(usage.ru_utime),
        .system_time = microseconds(usage.ru_stime),
        .peak_memory_bytes = std::max(peak_memory_, std::int64_t{usage.ru_maxrss} * 1024)};
    if (cgroup_) {
      if (const auto peak = cgroup_->peak_memory()) ending_.usage.peak_memory_bytes = *peak;
    }
    ending_.time = std::chrono::system_clock::now();
    read_termination(attempt_, ending_);
    if (log_.lost_bytes() > 0) {
      ending_.message +=
          fmt::format(" {} bytes of its output could not be stored.", log_.lost_bytes());
    }
    for (int tries = 0; tries < 10 && !write_record(attempt_.ended(), to_value(ending_), true);
         ++tries) {
      poll(nullptr, 0, 300);
    }
    if (cgroup_) cgroup_->remove();
  }

  void end_what_is_left() {
    const Clock::time_point patience = Clock::now() + kPatienceWithTheKernel;
    for (int pause = 1; Clock::now() < patience; pause = std::min(pause * 2, 50)) {
      reap();
      const bool none = descendants_of(getpid()).empty() && !(cgroup_ && cgroup_->has_members());
      if (none) return;
      signal_all(SIGKILL);
      // Whoever writes must not wait for a reader while it ends.
      if (output_.is_open()) read_output();
      poll(nullptr, 0, pause);
    }
  }

  void decide_cause() {
    if (ending_.cause == Cause::not_started) return;
    const int status = wait_status_.value_or(0);
    if (WIFEXITED(status)) ending_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ending_.signal = WTERMSIG(status);
    const bool ended_well = ending_.exit_code == 0;
    if (!ended_well && !asked_ && !broken_limit_) broken_limit_ = broken_in_group();
    if (!ended_well && broken_limit_) {
      ending_.cause = *broken_limit_;
    } else if (asked_ && *asked_ != Cause::signalled) {
      ending_.cause = *asked_;
    } else {
      ending_.cause = ending_.signal ? Cause::signalled : Cause::exited;
    }
    ending_.message = describe();
  }

  [[nodiscard]] std::string describe() const {
    const std::string how =
        ending_.signal ? fmt::format("signal {} ({})", *ending_.signal, strsignal(*ending_.signal))
                       : fmt::format("exit code {}", ending_.exit_code.value_or(0));
    switch (ending_.cause) {
      case Cause::out_of_memory:
        return fmt::format("The run was ended because it used more memory than its limit of {}.",
                           mebibytes(order_.limits.memory_bytes));
      case Cause::too_many_processes:
        return fmt::format(
            "The run was ended because it had more processes and threads than its limit of {}.",
            order_.limits.processes);
      case Cause::time_limit:
        return fmt::format("The run was ended because it took longer than its limit of {} s; {}.",
                           order_.limits.time.count(), how);
      case Cause::cancelled:
        return fmt::format("The run was cancelled; {}.", how);
      case Cause::signalled:
        if (ending_.signal != SIGKILL) return fmt::format("The run was ended by {}.", how);
        return fmt::format(
            "The run was ended by {}, which the service did not send. The system "
            "sends it when the machine has no memory left.",
            how);
      default:
        return fmt::format("The run ended with {}.", how);
    }
  }

  const Order& order_;
  AttemptDirectory attempt_;
  LogWriter log_;
  std::optional<Cgroup> cgroup_;
  Descriptor signals_;
  Descriptor output_;
  pid_t job_ = 0;
  bool watches_memory_ = false;
  bool watches_processes_ = false;
  // Where the kernel keeps a limit by refusing, or by ending one process, the others still run.
  bool watches_group_ = false;
  Clock::time_point start_{};
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> kill_at_;
  Clock::time_point next_look_{};
  std::optional<Cause> asked_;         // it was told to end, for this
  std::optional<Cause> broken_limit_;  // it was ended, for this
  std::optional<int> wait_status_;
  std::int64_t peak_memory_ = 0;
  Ending ending_;
  std::array<char, 65536> buffer_{};
};

}  // namespace

void supervise(const Order& order) { Supervisor(order).run(); }

}  // namespace vdk::service
