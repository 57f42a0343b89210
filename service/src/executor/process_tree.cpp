#include "executor/process_tree.hpp"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace fs = std::filesystem;

namespace {

std::string read_system_file(const std::string& path) {
  try {
    return read_file_if_exists(path).value_or("");
  } catch (const Error&) {
    return {};  // the process ended while it was read, or is somebody else's
  }
}

template <class Number>
Number number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code failure;
  for (fs::directory_iterator at("/proc", failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename().string();
    if (const auto pid = number<pid_t>(name); pid > 0) found.push_back(pid);
  }
  return found;
}

// Of others' processes the kernel shows zeros where it hides something.
bool is_ours(pid_t pid) {
  if (geteuid() == 0) return true;
  const std::string text = read_system_file(fmt::format("/proc/{}/status", pid));
  const std::size_t at = text.find("\nUid:");
  if (at == std::string::npos) return false;
  const std::string_view rest = std::string_view(text).substr(at + 5);
  const std::string us = std::to_string(geteuid());
  return trim(rest.substr(0, rest.find('\n'))) == us + '\t' + us + '\t' + us + '\t' + us;
}

// From the kernel's own lists; nothing where it does not keep them.
std::optional<std::vector<pid_t>> children_of(pid_t pid) {
  std::vector<pid_t> found;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  std::error_code failure;
  for (fs::directory_iterator at(tasks, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code missing;
    const fs::path list = at->path() / "children";
    if (!fs::exists(list, missing) && fs::exists(at->path(), missing)) return std::nullopt;
    for (const std::string& child : split(read_system_file(list.string()), ' ')) {
      if (const auto number_of = number<pid_t>(child); number_of > 0) found.push_back(number_of);
    }
  }
  return found;
}

std::vector<pid_t> descendants_by_parents(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_processes()) {
    if (const auto facts = facts_of(pid)) children.emplace(facts->parent, pid);
  }
  std::vector<pid_t> found;
  for (std::size_t next = 0; next <= found.size(); ++next) {
    const pid_t parent = next == 0 ? root : found[next - 1];
    for (auto [at, end] = children.equal_range(parent); at != end; ++at)
      found.push_back(at->second);
  }
  return found;
}

}  // namespace

std::optional<ProcessFacts> facts_of(pid_t pid) {
  const std::string text = read_system_file(fmt::format("/proc/{}/stat", pid));
  // The program's name, field 2, may hold blanks and brackets.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 > text.size()) return std::nullopt;
  const std::vector<std::string> fields =
      split(trim(std::string_view(text).substr(name_end + 2)), ' ');
  if (fields.size() < 50) return std::nullopt;
  std::optional<int> status;
  if (fields[0] == "Z" && is_ours(pid)) status = number<int>(fields[49]);
  return ProcessFacts{.pid = pid,
                      .parent = number<pid_t>(fields[1]),
                      .state = fields[0].empty() ? '?' : fields[0][0],
                      .start_time = fields[19],
                      .wait_status = status,
                      .threads = number<std::int64_t>(fields[17])};
}

std::vector<pid_t> descendants_of(pid_t pid) {
  std::vector<pid_t> found;
  for (std::size_t next = 0; next <= found.size(); ++next) {
    const auto children = children_of(next == 0 ? pid : found[next - 1]);
    if (!children) return descendants_by_parents(pid);
    found.insert(found.end(), children->begin(), children->end());
  }
  return found;
}

std::int64_t resident_bytes(const std::vector<pid_t>& processes) {
  static const std::int64_t page = sysconf(_SC_PAGESIZE);
  std::int64_t sum = 0;
  for (const pid_t pid : processes) {
    const auto fields = split(read_system_file(fmt::format("/proc/{}/statm", pid)), ' ');
    if (fields.size() > 1) sum += number<std::int64_t>(fields[1]) * page;
  }
  return sum;
}

std::int64_t proportional_bytes(const std::vector<pid_t>& processes) {
  std::int64_t sum = 0;
  for (const pid_t pid : processes) {
    const std::string text = read_system_file(fmt::format("/proc/{}/smaps_rollup", pid));
    const std::size_t at = text.find("\nPss:");
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(text).substr(at + 5);
    sum += number<std::int64_t>(trim(rest.substr(0, rest.find("kB")))) * 1024;
  }
  return sum;
}

std::int64_t threads_of(const std::vector<pid_t>& processes) {
  std::int64_t sum = 0;
  for (const pid_t pid : processes) {
    if (const auto facts = facts_of(pid)) sum += facts->threads;
  }
  return sum;
}

std::vector<pid_t> processes_with(std::string_view variable) {
  const std::string wanted = std::string(variable) + '\0';
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const std::string environment = read_system_file(fmt::format("/proc/{}/environ", pid));
    const std::size_t at = environment.find(wanted);
    if (at != std::string::npos && (at == 0 || environment[at - 1] == '\0')) found.push_back(pid);
  }
  return found;
}

}  // namespace vdk::service
