#include "executor/cgroup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <linux/sched.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "executor/descriptor.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

// The group of the service itself, beside those of its attempts; the systemd unit names it too.
constexpr const char* kOwnGroup = "service";
constexpr const char* kAttemptsGroup = "vdk-attempts";
constexpr const char* kMembers = "cgroup.procs";
constexpr const char* kThreadsOfVersion1 = "tasks";

std::string read_control(const fs::path& file) {
  try {
    return read_file_if_exists(file).value_or("");
  } catch (const Error&) {
    return {};
  }
}

// In one call, as the kernel wants it.
bool write_control(const fs::path& file, std::string_view text) {
  const Descriptor opened(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return opened.is_open() &&
         write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<std::int64_t> field(const fs::path& file, std::string_view name) {
  for (const std::string& line : split(read_control(file), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    const std::string& value = words.back();
    if (words.size() != (name.empty() ? 1U : 2U) || (!name.empty() && words[0] != name)) continue;
    std::int64_t number = 0;
    const char* end = value.data() + value.size();
    if (!value.empty() && std::from_chars(value.data(), end, number).ptr == end) return number;
  }
  return std::nullopt;
}

bool has_word(const std::string& text, char separator, std::string_view word) {
  const std::vector<std::string> words = split(trim(text), separator);
  return std::ranges::find(words, word) != words.end();
}

// The group of this process in a tree: of version 2 where `controller` is empty. Nothing where the
// kernel or the container has none to show.
fs::path own_group(std::string_view controller) {
  const auto has = [&](const std::string& list) {
    return controller.empty() || has_word(list, ',', controller);
  };
  fs::path mount;
  std::string root;
  for (const std::string& line : split(read_control("/proc/self/mountinfo"), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    if (dash[1] != (controller.empty() ? "cgroup2" : "cgroup") || !has(dash[3])) continue;
    root = words[3];
    mount = words[4];
  }
  if (mount.empty()) return {};
  for (const std::string& line : split(read_control("/proc/self/cgroup"), '\n')) {
    const std::vector<std::string> parts = split(line, ':');
    if (parts.size() < 3 || parts[1].empty() != controller.empty() || !has(parts[1])) continue;
    // As the kernel names it; the mount may show a part of the tree only.
    std::string path = line.substr(parts[0].size() + parts[1].size() + 2);
    if (root != "/" && path.starts_with(root)) path.erase(0, root.size());
    while (path.starts_with('/')) path.erase(0, 1);
    return path.empty() ? mount : mount / path;
  }
  return {};
}

// Lets the kernel limit what is below the group.
bool enable(const fs::path& group, const char* controller) {
  if (has_word(read_control(group / "cgroup.subtree_control"), ' ', controller)) return true;
  return write_control(group / "cgroup.subtree_control", std::string("+") + controller);
}

CgroupPlace prepare_version_2(const fs::path& wanted) {
  fs::path base = wanted.empty() ? own_group({}) : wanted;
  if (base.empty()) return {.why_not = "this system has no control groups of version 2"};
  const bool is_moved = wanted.empty() && base.filename() == kOwnGroup;
  if (is_moved) base = base.parent_path();

  CgroupPlace place{.directory = base / kAttemptsGroup};
  if (mkdir(place.directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return {.why_not = fmt::format("no group can be made in {} ({})", base.string(),
                                   std::strerror(errno))};
  }
  const std::string available = read_control(base / "cgroup.controllers");
  const bool some = has_word(available, ' ', "memory") || has_word(available, ' ', "cpu") ||
                    has_word(available, ' ', "pids");
  bool may_move = wanted.empty() && !is_moved;
  const auto limits = [&](const char* controller) {
    if (!has_word(available, ' ', controller)) return false;
    bool enabled = enable(base, controller);
    if (!enabled && std::exchange(may_move, false)) {
      const fs::path own = base / kOwnGroup;
      enabled = (mkdir(own.c_str(), 0755) == 0 || errno == EEXIST) &&
                write_control(own / "cgroup.procs", "0") && enable(base, controller);
    }
    return enabled && enable(place.directory, controller);
  };
  place.memory = limits("memory");
  place.cpu = limits("cpu");
  place.processes = limits("pids");
  if (!some) place.why_not = "the system offers no limits for control groups here";
  return place;
}

// A place below this process's own group of version 1; nothing where none can be made.
std::optional<fs::path> prepare_version_1(const char* controller, const char* limit) {
  const fs::path base = own_group(controller);
  if (base.empty()) return std::nullopt;
  const fs::path place = base / kAttemptsGroup;
  if (mkdir(place.c_str(), 0755) != 0 && errno != EEXIST) return std::nullopt;
  if (access((place / limit).c_str(), W_OK) != 0) return std::nullopt;
  return place;
}

void add_version_1(CgroupPlace& place) {
  const auto add = [&](bool& is_limited, const char* controller, const char* limit) {
    if (is_limited) return;
    if (auto directory = prepare_version_1(controller, limit)) {
      is_limited = true;
      if (std::ranges::find(place.version_1, *directory) == place.version_1.end())
        place.version_1.push_back(std::move(*directory));
    }
  };
  add(place.memory, "memory", "memory.limit_in_bytes");
  add(place.cpu, "cpu", "cpu.cfs_quota_us");
  add(place.processes, "pids", "pids.max");
}

bool is_there(const fs::path& file) { return access(file.c_str(), F_OK) == 0; }
bool is_version_1(const fs::path& group) { return is_there(group / kThreadsOfVersion1); }

// Each controller has other files in the two versions.
bool limit_memory(const fs::path& group, std::int64_t bytes) {
  const std::string text = std::to_string(bytes);
  if (is_there(group / "memory.max")) {
    // What cannot be had in memory is not to be had on a disk, a hundred times slower.
    write_control(group / "memory.swap.max", "0");
    write_control(group / "memory.oom.group", "1");
    return write_control(group / "memory.max", text);
  }
  if (!is_there(group / "memory.limit_in_bytes")) return true;
  const bool kept = write_control(group / "memory.limit_in_bytes", text);
  write_control(group / "memory.memsw.limit_in_bytes", text);
  return kept;
}

bool limit_cpu(const fs::path& group, double cores) {
  constexpr std::int64_t kPeriod = 100'000;  // microseconds
  const auto quota =
      std::max<std::int64_t>(1000, static_cast<std::int64_t>(cores * static_cast<double>(kPeriod)));
  if (is_there(group / "cpu.max"))
    return write_control(group / "cpu.max", fmt::format("{} {}", quota, kPeriod));
  if (!is_there(group / "cpu.cfs_quota_us")) return true;
  return write_control(group / "cpu.cfs_period_us", std::to_string(kPeriod)) &&
         write_control(group / "cpu.cfs_quota_us", std::to_string(quota));
}

bool limit_processes(const fs::path& group, std::int64_t count) {
  return !is_there(group / "pids.max") || write_control(group / "pids.max", std::to_string(count));
}

}  // namespace

CgroupPlace prepare_cgroups(const fs::path& wanted) {
  CgroupPlace place = prepare_version_2(wanted);
  if (wanted.empty()) add_version_1(place);
  return place;
}

std::optional<Cgroup> Cgroup::make(const CgroupPlace& place, const std::string& name,
                                   const Limits& limits) {
  Cgroup group({});
  std::vector<fs::path> places = place.version_1;
  if (!place.directory.empty()) places.insert(places.begin(), place.directory);
  bool kept = !places.empty();
  for (const fs::path& at : places) {
    fs::path directory = at / name;
    if (mkdir(directory.c_str(), 0755) != 0) {
      kept = false;
      break;
    }
    if (limits.memory_bytes > 0) kept &= limit_memory(directory, limits.memory_bytes);
    if (limits.cores > 0) kept &= limit_cpu(directory, limits.cores);
    if (limits.processes > 0) kept &= limit_processes(directory, limits.processes);
    group.directories_.push_back(std::move(directory));
  }
  if (kept) return group;
  group.remove();
  return std::nullopt;
}

pid_t Cgroup::fork() {
  if (!directories_.empty() && !is_version_1(directories_.front())) {
    const Descriptor group(open(directories_.front().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    clone_args how{};
    how.flags = CLONE_INTO_CGROUP;
    how.exit_signal = SIGCHLD;
    how.cgroup = static_cast<decltype(how.cgroup)>(group.get());
    const auto child = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
    if (child == 0) is_born_inside_ = true;
    if (child >= 0) return child;
  }
  return ::fork();
}

bool Cgroup::join() const {
  return std::ranges::all_of(directories_, [this](const fs::path& directory) {
    // One thread may move itself without the kernel stopping all others, which is what a process
    // has to wait for.
    if (is_version_1(directory)) return write_control(directory / kThreadsOfVersion1, "0");
    return is_born_inside_ || write_control(directory / kMembers, "0");
  });
}

void Cgroup::kill() const {
  if (!directories_.empty() && write_control(directories_.front() / "cgroup.kill", "1")) return;
  for (const pid_t pid : members()) ::kill(pid, SIGKILL);
}

bool Cgroup::has_members() const {
  return std::ranges::any_of(directories_, [](const fs::path& directory) {
    if (const auto populated = field(directory / "cgroup.events", "populated"))
      return *populated != 0;
    return !trim(read_control(directory / kMembers)).empty();
  });
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> found;
  if (directories_.empty()) return found;
  for (const std::string& line : split(read_control(directories_.front() / kMembers), '\n')) {
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) found.push_back(pid);
  }
  return found;
}

std::int64_t Cgroup::memory_kills() const {
  std::int64_t kills = 0;
  for (const fs::path& directory : directories_) {
    for (const char* file : {"memory.events", "memory.oom_control"})
      kills += field(directory / file, "oom_kill").value_or(0);
  }
  return kills;
}

std::int64_t Cgroup::refused_processes() const {
  std::int64_t refused = 0;
  for (const fs::path& directory : directories_)
    refused += field(directory / "pids.events", "max").value_or(0);
  return refused;
}

std::optional<std::int64_t> Cgroup::peak_memory() const {
  for (const fs::path& directory : directories_) {
    for (const char* file : {"memory.peak", "memory.max_usage_in_bytes"}) {
      if (const auto peak = field(directory / file, "")) return peak;
    }
  }
  return std::nullopt;
}

void Cgroup::remove() const noexcept {
  for (const fs::path& directory : directories_) rmdir(directory.c_str());
}

}  // namespace vdk::service
