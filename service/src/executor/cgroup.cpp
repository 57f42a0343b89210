#include "executor/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

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

// The group of this process, or nothing where the kernel or the container has none to show.
fs::path own_group() {
  fs::path mount;
  for (const std::string& line : split(read_control("/proc/self/mountinfo"), '\n')) {
    const std::size_t type = line.find(" - cgroup2 ");
    if (type == std::string::npos) continue;
    const std::vector<std::string> words = split(line, ' ');
    if (words.size() > 4) mount = words[4];
  }
  if (mount.empty()) return {};
  for (const std::string& line : split(read_control("/proc/self/cgroup"), '\n')) {
    if (!line.starts_with("0::/")) continue;
    fs::path group = mount / line.substr(4);
    if (!group.has_filename()) group = group.parent_path();
    return group;
  }
  return {};
}

bool has_word(const std::string& text, const char* word) {
  const std::vector<std::string> words = split(trim(text), ' ');
  return std::ranges::find(words, word) != words.end();
}

// Lets the kernel limit what is below the group.
bool enable(const fs::path& group, const char* controller) {
  if (has_word(read_control(group / "cgroup.subtree_control"), controller)) return true;
  return write_control(group / "cgroup.subtree_control", std::string("+") + controller);
}

}  // namespace

CgroupPlace prepare_cgroups(const fs::path& wanted) {
  fs::path base = wanted.empty() ? own_group() : wanted;
  if (base.empty()) return {.why_not = "this system has no control groups of version 2"};
  const bool is_moved = wanted.empty() && base.filename() == kOwnGroup;
  if (is_moved) base = base.parent_path();

  CgroupPlace place{.directory = base / kAttemptsGroup};
  if (mkdir(place.directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return {.why_not = fmt::format("no group can be made in {} ({})", base.string(),
                                   std::strerror(errno))};
  }
  const std::string available = read_control(base / "cgroup.controllers");
  const bool some =
      has_word(available, "memory") || has_word(available, "cpu") || has_word(available, "pids");
  bool may_move = wanted.empty() && !is_moved;
  const auto limits = [&](const char* controller) {
    if (!has_word(available, controller)) return false;
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

std::optional<Cgroup> Cgroup::make(const CgroupPlace& place, const std::string& name,
                                   const Limits& limits) {
  if (place.directory.empty()) return std::nullopt;
  Cgroup group(place.directory / name);
  if (mkdir(group.directory_.c_str(), 0755) != 0) return std::nullopt;
  bool kept = true;
  if (place.memory && limits.memory_bytes > 0) {
    kept &= write_control(group.directory_ / "memory.max", std::to_string(limits.memory_bytes));
    // What cannot be had in memory is not to be had on a disk, a hundred times slower.
    write_control(group.directory_ / "memory.swap.max", "0");
    write_control(group.directory_ / "memory.oom.group", "1");
  }
  if (place.cpu && limits.cores > 0) {
    constexpr std::int64_t kPeriod = 100'000;  // microseconds
    const auto quota = std::max<std::int64_t>(
        1000, static_cast<std::int64_t>(limits.cores * static_cast<double>(kPeriod)));
    kept &= write_control(group.directory_ / "cpu.max", fmt::format("{} {}", quota, kPeriod));
  }
  if (place.processes && limits.processes > 0)
    kept &= write_control(group.directory_ / "pids.max", std::to_string(limits.processes));
  if (kept) return group;
  group.remove();
  return std::nullopt;
}

bool Cgroup::kill() const { return write_control(directory_ / "cgroup.kill", "1"); }

bool Cgroup::has_members() const {
  return field(directory_ / "cgroup.events", "populated").value_or(0) != 0;
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> found;
  for (const std::string& line : split(read_control(members_file()), '\n')) {
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) found.push_back(pid);
  }
  return found;
}

std::int64_t Cgroup::memory_kills() const {
  return field(directory_ / "memory.events", "oom_kill").value_or(0);
}

std::optional<std::int64_t> Cgroup::peak_memory() const {
  return field(directory_ / "memory.peak", "");
}

void Cgroup::remove() const noexcept { rmdir(directory_.c_str()); }

}  // namespace vdk::service
