#include "base/process_identity.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

struct ProcessStatus {
  std::string start_time;
  bool ended = false;
};

#if defined(__linux__)

std::string read_system_file(const std::string& path) {
  try {
    return read_file_if_exists(path).value_or("");
  } catch (const Error&) {
    return {};  // the process ended while it was read, or a sandbox hides the file
  }
}

// Fields 22 and 3 of /proc/PID/stat. The program's name, field 2, may hold blanks and brackets.
ProcessStatus status_of(int pid) {
  const std::string text = read_system_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 > text.size()) return {};
  const std::vector<std::string> fields = split(std::string_view(text).substr(name_end + 2), ' ');
  if (fields.size() < 20) return {};
  return {.start_time = fields[19], .ended = fields[0] == "Z" || fields[0] == "X"};
}

std::string current_boot() {
  return std::string(trim(read_system_file("/proc/sys/kernel/random/boot_id")));
}

std::string current_namespace() {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink("/proc/self/ns/pid", failure);
  return failure ? std::string() : target.string();
}

#else

ProcessStatus status_of(int) { return {}; }
std::string current_boot() { return {}; }
std::string current_namespace() { return {}; }

#endif

}  // namespace

ProcessIdentity current_process_identity() {
  const int pid = getpid();
  return {.pid = pid,
          .start_time = status_of(pid).start_time,
          .boot = current_boot(),
          .pid_namespace = current_namespace()};
}

bool is_alive(const ProcessIdentity& process) {
  if (process.pid <= 0) return false;
  if (process.boot != current_boot()) return false;
  if (process.pid_namespace != current_namespace()) return true;
  if (kill(process.pid, 0) != 0 && errno == ESRCH) return false;
  const ProcessStatus status = status_of(process.pid);
  return !status.ended && status.start_time == process.start_time;
}

}  // namespace vdk
