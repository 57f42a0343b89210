// The program vdk-supervisor; the service starts it, one for each attempt.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>

#include "executor/supervisor.hpp"

namespace {

std::string read_order() {
  struct stat status{};
  if (fstat(vdk::service::kOrderFile, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t count = pread(vdk::service::kOrderFile, text.data(), text.size(), 0);
  close(vdk::service::kOrderFile);
  return count == static_cast<ssize_t>(text.size()) ? text : std::string();
}

}  // namespace

int main() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  for (const int file : {vdk::service::kLockFile, vdk::service::kReadyFile})
    fcntl(file, F_SETFD, FD_CLOEXEC);
  const std::string order = read_order();
  if (order.empty()) {
    std::fputs("vdk-supervisor is started by the Control Service, once for each execution.\n",
               stderr);
    return 2;
  }
  try {
    vdk::service::supervise(vdk::service::parse_order(order));
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "vdk-supervisor: %s\n", failure.what());
    return 1;
  }
}
