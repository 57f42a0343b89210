#include "executor/process_executor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "executor/attempt_directory.hpp"
#include "executor/cgroup.hpp"
#include "executor/process_tree.hpp"
#include "executor/record.hpp"
#include "executor/supervisor.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

extern char** environ;

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view kLogger = "vdk.executor";
constexpr auto kReadyPatience = 10s;
// How long a job may be dead before its supervisor is woken, where that is stopped, and before it
// is given up, where that did not help.
constexpr auto kWakeAfter = 2s;
constexpr auto kGiveUpAfter = 5s;
constexpr const char* kOwnLock = ".lock";
constexpr std::size_t kLongestId = 100;
constexpr auto kLookInterval = 200ms;

std::string system_message(int error) { return std::generic_category().message(error); }

// As precisely as it is written down.
TimePoint now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Error unusable(const fs::path& what, int error, std::string consequence) {
  return platform_error(
      {.what = fmt::format("{} cannot be written.", what.string()),
       .why = fmt::format("The system says: {}.", system_message(error)),
       .consequence = std::move(consequence),
       .countermeasure = "Make room on the file system of the service's data directory, and see "
                         "that the service may write there."});
}

bool is_attempt_id(const std::string& id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !id.empty() && id.size() <= kLongestId && id.front() != '-' &&
         std::ranges::all_of(id, fits);
}

void refuse_unfit(const Launch& launch) {
  const auto refuse = [](std::string why) {
    return user_error({.what = "The run cannot be started as it was asked for.",
                       .why = std::move(why),
                       .consequence = "Nothing was started.",
                       .countermeasure = "Correct the deployment, then start it again."});
  };
  if (!is_attempt_id(launch.attempt_id))
    throw refuse(fmt::format("'{}' is no id of an attempt.", launch.attempt_id));
  for (const auto* list : {&launch.variables, &launch.secrets}) {
    for (const Variable& variable : *list) {
      if (variable.name.empty() ||
          variable.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
        throw refuse(fmt::format("'{}' is no name of an environment variable.", variable.name));
      if (variable.value.find('\0') != std::string::npos)
        throw refuse(fmt::format(
            "The value of the environment variable {} has a NUL character in it.", variable.name));
    }
  }
}

// A file that names a process, whatever becomes of its number.
Descriptor open_process(const ProcessMark& mark) {
  if (mark.pid <= 0) return Descriptor();
  Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, mark.pid, 0)));
  if (process.is_open() && mark_of(mark.pid) == mark) return process;
  return Descriptor();
}

void send_signal(const Descriptor& process, int signal) {
  if (process.is_open()) syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

bool has_ended(const Descriptor& process) {
  if (!process.is_open()) return true;
  pollfd ended{process.get(), POLLIN, 0};
  return poll(&ended, 1, 0) == 1;
}

// Whether a supervisor lives: the kernel drops its lock with it.
bool is_locked(const AttemptDirectory& attempt) {
  const Descriptor lock(open(attempt.lock().c_str(), O_RDONLY | O_CLOEXEC));
  return lock.is_open() && flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// What a job inherits of the service's own environment.
std::vector<Variable> inherited_variables() {
  std::vector<Variable> found;
  for (const char* name :
       {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "http_proxy",
        "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
        "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "VDK_CONTROL_HTTP_VERIFY_SSL"}) {
    if (const char* value = std::getenv(name)) found.push_back({name, value});
  }
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view setting(*at);
    const std::size_t end = setting.find('=');
    if (setting.starts_with("LC_") && end != std::string_view::npos)
      found.push_back({std::string(setting.substr(0, end)), std::string(setting.substr(end + 1))});
  }
  return found;
}

class Variables {
 public:
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  void set(const std::vector<Variable>& variables) {
    for (const Variable& variable : variables) set(variable.name, variable.value);
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::vector<Variable> all() const {
    std::vector<Variable> list;
    for (const auto& [name, value] : values_) list.push_back({name, value});
    return list;
  }

 private:
  std::map<std::string, std::string> values_;
};

// Removes directories in a thread of its own: a run may leave a million files.
class Cleaner {
 public:
  // What is moved into `trash` goes; what is there already does too.
  explicit Cleaner(fs::path trash) : trash_(std::move(trash)), thread_([this] { work(); }) {}
  ~Cleaner() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;

  void remove(const fs::path& path) {
    if (rename(path.c_str(), (trash_ / make_uuid4()).c_str()) != 0) return;
    {
      const std::lock_guard lock(mutex_);
      has_work_ = true;
    }
    changed_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!stops_) {
      if (!has_work_) {
        changed_.wait(lock);
        continue;
      }
      has_work_ = false;
      lock.unlock();
      std::error_code failure;
      for (fs::directory_iterator at(trash_, failure), end; !failure && at != end;
           at.increment(failure)) {
        std::error_code ignored;
        fs::remove_all(at->path(), ignored);
      }
      lock.lock();
    }
  }

  fs::path trash_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_work_ = true;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace

class ProcessExecutor::Impl {
 public:
  explicit Impl(ProcessExecutorSettings settings);
  ~Impl();

  void start(const Launch& launch);
  bool cancel(const std::string& id, std::chrono::milliseconds grace);
  std::optional<Attempt> find(const std::string& id);
  std::vector<Attempt> list();
  void watch(Listener listener);
  OutputPart read(const std::string& id, Output output, const ReadRequest& request);
  bool forget(const std::string& id);

 private:
  struct Entry {
    Attempt attempt;
    AttemptDirectory directory;
    LaunchFacts launch;
    std::optional<StartedFacts> started{};
    Descriptor supervisor{};
    bool is_child = false;  // of this process, which must ask how it ended
    Descriptor job{};
    std::optional<Clock::time_point> job_ended{};  // noticed while the supervisor lived
    std::optional<int> job_status{};
    bool is_settling = false;  // start() is at work on it
  };

  void adopt();
  void make_directory(const Launch& launch, const LaunchFacts& facts, Descriptor& lock);
  Order make_order(const Launch& launch, const LaunchFacts& facts) const;
  pid_t spawn(const AttemptDirectory& directory, const Order& order, const Descriptor& lock,
              Descriptor& ready) const;
  void learn_start(Entry& entry);
  static void wake_to_cancel(const Entry& entry);
  void monitor();
  void look_at(Entry& entry);
  void tell_news(std::unique_lock<std::mutex>& lock);
  static bool end_leftovers(const Entry& entry);
  static std::optional<Ending> conclude(const Entry& entry);
  void wake() const {
    const std::uint64_t one = 1;
    std::ignore = write(wakeup_.get(), &one, sizeof one);
  }

  ProcessExecutorSettings settings_;
  std::optional<FileLock> own_;
  CgroupPlace cgroups_;
  Descriptor wakeup_;
  std::optional<Cleaner> cleaner_;

  std::mutex mutex_;  // of what follows
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::map<std::string, std::shared_ptr<Entry>> active_;  // those that have not ended
  std::set<std::string> news_;                            // ids that the listener is to hear of
  bool stops_ = false;

  std::mutex listener_mutex_;  // held while the listener is called; taken before mutex_
  Listener listener_;
  std::thread thread_;
};

// ---- beginning and end ------------------------------------------------------------------------

ProcessExecutor::Impl::Impl(ProcessExecutorSettings settings) : settings_(std::move(settings)) {
  settings_.directory = fs::absolute(settings_.directory);
  const char* consequence = "No job can be run.";
  std::error_code failure;
  for (const char* name : {".trash", ".state"}) {
    fs::create_directories(settings_.directory / name, failure);
    if (failure) throw unusable(settings_.directory / name, failure.value(), consequence);
  }
  chmod(settings_.directory.c_str(), 0700);
  const Clock::time_point end = Clock::now() + settings_.patience;
  for (;;) {
    auto own = FileLock::try_lock(settings_.directory / kOwnLock);
    if (own) own_.emplace(std::move(*own));
    if (own_ || Clock::now() >= end) break;
    std::this_thread::sleep_for(50ms);
  }
  if (!own_) {
    throw platform_error(
        {.what = fmt::format("The directory {} is in use.", settings_.directory.string()),
         .why = "Another Control Service runs its jobs there.",
         .consequence = consequence,
         .countermeasure = "Give each service a data directory of its own, or end the other one."});
  }
  cgroups_ = prepare_cgroups(settings_.cgroup);
  wakeup_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  cleaner_.emplace(settings_.directory / ".trash");
  adopt();
  thread_ = std::thread([this] { monitor(); });
}

ProcessExecutor::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  wake();
  thread_.join();
}

void ProcessExecutor::Impl::adopt() {
  for (const fs::directory_entry& at : fs::directory_iterator(settings_.directory)) {
    const std::string id = at.path().filename().string();
    if (id.starts_with(".new-")) cleaner_->remove(at.path());
    if (!is_attempt_id(id)) continue;
    auto entry = std::make_shared<Entry>(
        Entry{.attempt = {}, .directory = AttemptDirectory(at.path()), .launch = {}});
    entry->launch = read_launch(entry->directory).value_or(LaunchFacts{.attempt_id = id});
    entry->attempt = {.id = id,
                      .execution_id = entry->launch.execution_id,
                      .job_name = entry->launch.job_name,
                      .started = entry->launch.time};
    if (auto ending = read_ending(entry->directory); ending && !is_locked(entry->directory)) {
      entry->attempt.phase = Phase::ended;
      entry->attempt.ending = std::move(ending);
    } else {
      learn_start(*entry);
    }
    if (entry->attempt.phase != Phase::ended) active_.emplace(id, entry);
    news_.insert(id);
    entries_.emplace(id, std::move(entry));
  }
}

// ---- starting ---------------------------------------------------------------------------------

void ProcessExecutor::Impl::make_directory(const Launch& launch, const LaunchFacts& facts,
                                           Descriptor& lock) {
  const AttemptDirectory made(settings_.directory / fmt::format(".new-{}", make_uuid4()));
  const AttemptDirectory final(settings_.directory / launch.attempt_id);
  try {
    if (mkdir(made.path().c_str(), 0700) != 0 || mkdir(made.work().c_str(), 0700) != 0)
      throw unusable(made.path(), errno, "The run was not started.");
    write_file_in_place(made.launch(), to_json(to_value(facts)), Durability::kill);
    if (!launch.arguments.empty())
      write_file_in_place(made.arguments(), launch.arguments, Durability::kill);
    reserve_record(made.started());
    reserve_record(made.ended());
    lock = Descriptor(open(made.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.is_open() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
      throw unusable(made.lock(), errno, "The run was not started.");
    if (rename(made.path().c_str(), final.path().c_str()) != 0) {
      // A directory that is not empty is not replaced: somebody was quicker.
      if (errno != EEXIST && errno != ENOTEMPTY)
        throw unusable(final.path(), errno, "The run was not started.");
      lock.close();
    }
  } catch (...) {
    cleaner_->remove(made.path());
    throw;
  }
  if (!lock.is_open()) {
    cleaner_->remove(made.path());
    return;
  }
  // With its name all that was made before is on the disk.
  const Descriptor parent(open(settings_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.is_open()) fsync(parent.get());
}

Order ProcessExecutor::Impl::make_order(const Launch& launch, const LaunchFacts& facts) const {
  const AttemptDirectory directory(settings_.directory / launch.attempt_id);
  Order order{.attempt = directory.path(),
              .command = {settings_.vdk.string(), "run", launch.artifact.job.string(), "--events",
                          directory.events().string()},
              .environment = {},
              .limits = launch.limits,
              .log = settings_.log,
              .cgroups = cgroups_};
  if (!launch.arguments.empty()) {
    order.command.emplace_back("--arguments-file");
    order.command.push_back(directory.arguments().string());
  }
  Variables variables;
  variables.set(inherited_variables());
  variables.set(launch.variables);
  variables.set(launch.secrets);
  variables.set("VDK_EXECUTION_ID", launch.execution_id);
  variables.set("VDK_ATTEMPT_ID", launch.attempt_id);
  if (!launch.op_id.empty()) variables.set("VDK_OP_ID", launch.op_id);
  variables.set("JOB_NAME", launch.job_name);
  variables.set("VDK_JOB_GITHASH", launch.version);
  variables.set("VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE", directory.termination().string());
  variables.set("VDK_TEMPORARY_WRITE_DIRECTORY", directory.work().string());
  variables.set("VDK_STATE_DIRECTORY", (settings_.directory / ".state").string());
  std::string path = settings_.vdk.parent_path().string();
  if (!launch.artifact.environment.empty()) {
    const fs::path environment = launch.artifact.environment;
    variables.set("VDK_PYTHON", (environment / "bin" / "python").string());
    variables.set("VIRTUAL_ENV", environment.string());
    path = (environment / "bin").string() + ':' + path;
  }
  const std::string former = variables.get("PATH");
  variables.set("PATH", path + ':' + (former.empty() ? "/usr/local/bin:/usr/bin:/bin" : former));
  const std::size_t equals = facts.mark.find('=');
  variables.set(facts.mark.substr(0, equals), facts.mark.substr(equals + 1));
  order.environment = variables.all();
  return order;
}

// The id of the supervisor's process; 0 where there is none, with the reason in errno.
pid_t ProcessExecutor::Impl::spawn(const AttemptDirectory& directory, const Order& order,
                                   const Descriptor& lock, Descriptor& ready) const {
  // Above the numbers that the supervisor gets them by.
  const auto raised = [](const Descriptor& file) {
    return Descriptor(fcntl(file.get(), F_DUPFD_CLOEXEC, 16));
  };
  const Descriptor text(memfd_create("order", MFD_CLOEXEC));
  const std::string content = to_text(order);
  std::array<int, 2> pipe{-1, -1};
  if (!text.is_open() ||
      write(text.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return 0;
  }
  ready = Descriptor(pipe[0]);
  const Descriptor ready_end(pipe[1]);
  const Descriptor order_file = raised(text);
  const Descriptor lock_file = raised(lock);
  const Descriptor ready_file = raised(ready_end);
  if (!order_file.is_open() || !lock_file.is_open() || !ready_file.is_open()) return 0;

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  const std::string complaints = directory.complaints().string();
  posix_spawn_file_actions_addopen(&files, 2, complaints.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&files, order_file.get(), kOrderFile);
  posix_spawn_file_actions_adddup2(&files, lock_file.get(), kLockFile);
  posix_spawn_file_actions_adddup2(&files, ready_file.get(), kReadyFile);
  posix_spawn_file_actions_addclosefrom_np(&files, kReadyFile + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  std::string program = settings_.supervisor.string();
  std::array<char*, 2> words{program.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t child = 0;
  const int error =
      posix_spawn(&child, program.c_str(), &files, &attributes, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  errno = error;
  return error == 0 ? child : 0;
}

void ProcessExecutor::Impl::start(const Launch& launch) {
  refuse_unfit(launch);
  {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(launch.attempt_id)) return;
  }
  const LaunchFacts facts{.attempt_id = launch.attempt_id,
                          .execution_id = launch.execution_id,
                          .job_name = launch.job_name,
                          .boot = current_boot(),
                          .time = now(),
                          .mark = "VDK_ATTEMPT_MARK=" + make_uuid4()};
  Descriptor held;
  make_directory(launch, facts, held);
  if (!held.is_open()) return;

  const AttemptDirectory directory(settings_.directory / launch.attempt_id);
  auto entry = std::make_shared<Entry>(Entry{.attempt = {.id = launch.attempt_id,
                                                         .execution_id = launch.execution_id,
                                                         .job_name = launch.job_name,
                                                         .started = facts.time},
                                             .directory = directory,
                                             .launch = facts,
                                             .is_settling = true});
  {
    const std::lock_guard lock(mutex_);
    entries_.emplace(launch.attempt_id, entry);
    active_.emplace(launch.attempt_id, entry);
  }
  Descriptor ready;
  const pid_t child = spawn(directory, make_order(launch, facts), held, ready);
  const int error = errno;
  held.close();
  if (child != 0) {
    Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pollfd answer{ready.get(), POLLIN, 0};
    const auto patience = std::chrono::milliseconds(kReadyPatience).count();
    while (poll(&answer, 1, static_cast<int>(patience)) < 0 && errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    entry->supervisor = std::move(process);
    entry->is_child = true;
    learn_start(*entry);
    news_.insert(launch.attempt_id);
    entry->is_settling = false;
  } else {
    const Ending ending{
        .cause = Cause::not_started,
        .time = now(),
        .message = fmt::format("The program {} cannot be started: {}.",
                               settings_.supervisor.string(), system_message(error))};
    std::ignore = write_record(directory.ended(), to_value(ending), true);
    const std::lock_guard lock(mutex_);
    entry->attempt.phase = Phase::ended;
    entry->attempt.ending = ending;
    active_.erase(launch.attempt_id);
    news_.insert(launch.attempt_id);
  }
  wake();
}

// ---- the state of an attempt ------------------------------------------------------------------

// Once the supervisor has written which process the job is.
void ProcessExecutor::Impl::learn_start(Entry& entry) {
  if (entry.started) return;
  entry.started = read_started(entry.directory);
  if (!entry.started) return;
  entry.attempt.enforcement = entry.started->enforcement;
  entry.attempt.phase = Phase::running;
  news_.insert(entry.attempt.id);
  if (entry.started->boot != current_boot()) return;
  if (!entry.supervisor.is_open()) entry.supervisor = open_process(entry.started->supervisor);
  entry.job = open_process(entry.started->job);
  if (read_cancel(entry.directory)) wake_to_cancel(entry);
}

// The supervisor reads the wish when it gets the signal; what is stopped gets none.
void ProcessExecutor::Impl::wake_to_cancel(const Entry& entry) {
  send_signal(entry.supervisor, SIGTERM);
  send_signal(entry.supervisor, SIGCONT);
}

// Ends what a dead supervisor could not. False where something is still there.
bool ProcessExecutor::Impl::end_leftovers(const Entry& entry) {
  if (entry.launch.boot != current_boot()) return true;
  const auto patience = Clock::now() + 2s;
  for (auto pause = 1ms; Clock::now() < patience;
       pause = std::min<std::chrono::milliseconds>(pause * 2, 100ms)) {
    std::optional<Cgroup> group;
    if (entry.started && !entry.started->cgroup.empty()) group.emplace(entry.started->cgroup);
    if (group) group->kill();
    send_signal(entry.job, SIGKILL);
    bool some = !has_ended(entry.job) || (group && group->has_members());
    if (!entry.launch.mark.empty()) {
      for (const pid_t pid : processes_with(entry.launch.mark)) {
        const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        const auto facts = facts_of(pid);
        if (!facts || facts->state == 'Z') continue;
        send_signal(process, SIGKILL);
        some = true;
      }
    }
    if (!some) {
      if (group) group->remove();
      return true;
    }
    std::this_thread::sleep_for(pause);
  }
  return false;
}

// How it ended, now that its supervisor is gone; nothing where that cannot be said yet.
std::optional<Ending> ProcessExecutor::Impl::conclude(const Entry& entry) {
  if (auto ending = read_ending(entry.directory)) return ending;
  if (!end_leftovers(entry)) return std::nullopt;
  Ending ending{.time = now()};
  const bool same_boot = entry.launch.boot == current_boot();
  if (!entry.started && same_boot) {
    ending.cause = Cause::interrupted;
    ending.message = "The service or the supervisor of the run was ended before the run began.";
    try {
      const std::string complaints = read_file_if_exists(entry.directory.complaints()).value_or("");
      if (!complaints.empty()) {
        ending.cause = Cause::not_started;
        ending.message += fmt::format(" The supervisor said: {}", first_line(complaints));
      }
    } catch (const Error&) {
      // It said nothing that can be read.
    }
  } else if (entry.job_status) {
    const int status = *entry.job_status;
    ending.cause = WIFSIGNALED(status) ? Cause::signalled : Cause::exited;
    if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
    if (WIFEXITED(status)) ending.exit_code = WEXITSTATUS(status);
    ending.message = fmt::format("The run ended with {} {}; its supervisor did not answer.",
                                 WIFSIGNALED(status) ? "signal" : "exit code",
                                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  } else {
    ending.cause = Cause::lost;
    ending.message = same_boot ? "The supervisor of the run was killed, and the run with it."
                               : "The machine was restarted while the run was at work.";
  }
  read_termination(entry.directory, ending);
  if (ending.cause == Cause::lost && !ending.termination_status.empty())
    ending.message +=
        fmt::format(" The last that the run said of itself: {}.", ending.termination_status);
  if (!write_record(entry.directory.ended(), to_value(ending), true)) {
    log(LogLevel::warning, kLogger,
        fmt::format("How the run {} ended cannot be written down: {}.", entry.attempt.id,
                    system_message(errno)));
  }
  return ending;
}

void ProcessExecutor::Impl::look_at(Entry& entry) {
  learn_start(entry);
  if (entry.job.is_open() && !entry.job_ended && has_ended(entry.job)) {
    entry.job_ended = Clock::now();
  }
  if (!entry.job_ended || !entry.supervisor.is_open()) return;
  const auto dead_for = Clock::now() - *entry.job_ended;
  const auto supervisor = facts_of(entry.started->supervisor.pid);
  // One that is only slow knows more than anybody else can find out.
  if (!supervisor || (supervisor->state != 'T' && supervisor->state != 't')) return;
  if (dead_for > kGiveUpAfter) {
    // While nobody has asked how the job ended, the kernel still tells it.
    const auto facts = facts_of(entry.started->job.pid);
    if (facts && facts->start_time == entry.started->job.start_time && facts->state == 'Z')
      entry.job_status = facts->wait_status;
    send_signal(entry.supervisor, SIGKILL);
  } else if (dead_for > kWakeAfter) {
    send_signal(entry.supervisor, SIGCONT);
  }
}

void ProcessExecutor::Impl::monitor() {
  std::unique_lock lock(mutex_);
  while (!stops_) {
    std::vector<pollfd> files{pollfd{wakeup_.get(), POLLIN, 0}};
    bool needs_looks = false;
    std::vector<std::shared_ptr<Entry>> gone;
    for (const auto& [id, entry] : active_) {
      if (entry->is_settling) continue;
      look_at(*entry);
      const bool is_gone =
          entry->supervisor.is_open() ? has_ended(entry->supervisor) : !is_locked(entry->directory);
      if (is_gone) {
        gone.push_back(entry);
        continue;
      }
      if (entry->supervisor.is_open()) files.push_back({entry->supervisor.get(), POLLIN, 0});
      if (entry->job.is_open() && !entry->job_ended) files.push_back({entry->job.get(), POLLIN, 0});
      needs_looks |= !entry->supervisor.is_open() || !entry->started || entry->job_ended;
    }
    lock.unlock();
    for (const std::shared_ptr<Entry>& entry : gone) {
      if (std::exchange(entry->is_child, false)) {
        siginfo_t ended{};
        while (waitid(P_PIDFD, static_cast<id_t>(entry->supervisor.get()), &ended, WEXITED) != 0 &&
               errno == EINTR) {
        }
      }
      std::optional<Ending> ending = conclude(*entry);
      if (!ending) {
        needs_looks = true;
        continue;
      }
      cleaner_->remove(entry->directory.work());
      const std::lock_guard guard(mutex_);
      entry->attempt.ending = std::move(ending);
      entry->attempt.phase = Phase::ended;
      entry->supervisor.close();
      entry->job.close();
      active_.erase(entry->attempt.id);
      news_.insert(entry->attempt.id);
    }
    lock.lock();
    tell_news(lock);
    if (stops_) return;
    lock.unlock();
    const auto pause = std::chrono::milliseconds(kLookInterval).count();
    poll(files.data(), files.size(), needs_looks ? static_cast<int>(pause) : -1);
    std::uint64_t count = 0;
    std::ignore = ::read(wakeup_.get(), &count, sizeof count);
    lock.lock();
  }
}

// With the lock; it is not held while the listener is called.
void ProcessExecutor::Impl::tell_news(std::unique_lock<std::mutex>& lock) {
  std::vector<Attempt> news;
  lock.unlock();
  const std::lock_guard guard(listener_mutex_);
  if (listener_) {
    lock.lock();
    for (const std::string& id : std::exchange(news_, {})) {
      if (const auto found = entries_.find(id); found != entries_.end())
        news.push_back(found->second->attempt);
    }
    lock.unlock();
    for (const Attempt& attempt : news) listener_(attempt);
  }
  lock.lock();
}

// ---- what callers ask -------------------------------------------------------------------------

bool ProcessExecutor::Impl::cancel(const std::string& id, std::chrono::milliseconds grace) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second->attempt.phase == Phase::ended) return false;
  Entry& entry = *found->second;
  const auto former = read_cancel(entry.directory);
  Value wish;
  wish.set("grace_milliseconds",
           static_cast<std::int64_t>(former ? std::min(*former, grace).count() : grace.count()));
  write_file_atomic(entry.directory.cancel(), to_json(wish), Access::owner_only);
  wake_to_cancel(entry);
  return true;
}

std::optional<Attempt> ProcessExecutor::Impl::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second->attempt;
}

std::vector<Attempt> ProcessExecutor::Impl::list() {
  const std::lock_guard lock(mutex_);
  std::vector<Attempt> all;
  for (const auto& [id, entry] : entries_) all.push_back(entry->attempt);
  return all;
}

void ProcessExecutor::Impl::watch(Listener listener) {
  const std::lock_guard guard(listener_mutex_);
  listener_ = std::move(listener);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) news_.insert(id);
  }
  wake();
}

OutputPart ProcessExecutor::Impl::read(const std::string& id, Output output,
                                       const ReadRequest& request) {
  const Clock::time_point until = Clock::now() + request.wait;
  for (auto pause = 10ms;; pause = std::min<std::chrono::milliseconds>(pause * 2, 100ms)) {
    const std::optional<Attempt> attempt = find(id);
    if (!attempt) return {.offset = request.offset, .complete = true};
    const bool ended = attempt->phase == Phase::ended;
    const AttemptDirectory directory(settings_.directory / id);
    OutputPart part = output == Output::log ? read_log(directory.log(), request)
                                            : read_lines(directory.events(), request, ended);
    part.complete = ended && static_cast<std::int64_t>(part.text.size()) < request.max_bytes;
    if (!part.text.empty() || part.complete || Clock::now() + pause > until) return part;
    std::this_thread::sleep_for(pause);
  }
}

bool ProcessExecutor::Impl::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return true;
  if (found->second->attempt.phase != Phase::ended) return false;
  cleaner_->remove(found->second->directory.path());
  entries_.erase(found);
  return true;
}

Observation observe_attempt(const fs::path& directory, const std::string& attempt_id) {
  if (!is_attempt_id(attempt_id)) return {};
  const AttemptDirectory attempt(directory / attempt_id);
  // In this order: what ends in between is seen to have ended.
  Observation seen{.is_at_work = is_locked(attempt)};
  if (!seen.is_at_work) seen.ending = read_ending(attempt);
  return seen;
}

bool ProcessExecutor::is_in_use(const fs::path& directory) {
  return !FileLock::try_lock(directory / kOwnLock);
}

ProcessExecutor::ProcessExecutor(ProcessExecutorSettings settings)
    : impl_(std::make_unique<Impl>(std::move(settings))) {}
ProcessExecutor::~ProcessExecutor() = default;
void ProcessExecutor::start(const Launch& launch) { impl_->start(launch); }
bool ProcessExecutor::cancel(const std::string& attempt_id, std::chrono::milliseconds grace) {
  return impl_->cancel(attempt_id, grace);
}
std::optional<Attempt> ProcessExecutor::find(const std::string& attempt_id) {
  return impl_->find(attempt_id);
}
std::vector<Attempt> ProcessExecutor::list() { return impl_->list(); }
void ProcessExecutor::watch(Listener listener) { impl_->watch(std::move(listener)); }
OutputPart ProcessExecutor::read(const std::string& attempt_id, Output output,
                                 const ReadRequest& request) {
  return impl_->read(attempt_id, output, request);
}
bool ProcessExecutor::forget(const std::string& attempt_id) { return impl_->forget(attempt_id); }

}  // namespace vdk::service
