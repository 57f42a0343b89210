// server: a Control Service of one's own on this machine.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "commands.hpp"
#include "http_call.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/output_file.hpp"

extern char** environ;

namespace vdk::control {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kProgram = "vdk-control-service";
constexpr std::string_view kDefaultPort = "8092";
constexpr std::chrono::seconds kPatience = 10s;

fs::path data_directory() {
  const char* base = std::getenv("XDG_DATA_HOME");
  if (base != nullptr && *base == '/') return fs::path(base) / "vdk" / "server";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/") / ".local" / "share" / "vdk" / "server";
}

// bin/ of the installation that this module is a part of, then PATH.
fs::path find_program() {
  std::vector<fs::path> places;
  Dl_info self{};
  static const int here = 0;
  if (dladdr(&here, &self) != 0 && self.dli_fname != nullptr) {
    std::error_code none;
    const fs::path module = fs::weakly_canonical(self.dli_fname, none);
    // lib/vdk/plugins/vdk_control.so
    places.push_back(module.parent_path().parent_path().parent_path().parent_path() / "bin");
  }
  const char* const search = std::getenv("PATH");
  std::istringstream path(search != nullptr ? search : "");
  for (std::string each; std::getline(path, each, ':');) places.emplace_back(each);
  for (const fs::path& place : places) {
    if (access((place / kProgram).c_str(), X_OK) == 0) return place / kProgram;
  }
  throw configuration_error(
      {.what = "There is no Control Service to start.",
       .why = "The program vdk-control-service is neither beside vdk nor on PATH.",
       .consequence = "Nothing was started.",
       .countermeasure = "Install vdk with its service, or use one that runs elsewhere: "
                         "vdk set-default -u http://server:8092"});
}

// The 22nd field of /proc/PID/stat, which tells a process from a later one of the same id.
std::string start_time_of(long pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22 && fields >> field; ++i) continue;
  return field;
}

// The service that was started from here: in server.json of the data directory.
struct Running {
  long pid = 0;
  std::string started;
  std::string url;

  [[nodiscard]] bool is_alive() const {
    return pid > 0 && kill(static_cast<pid_t>(pid), 0) == 0 && start_time_of(pid) == started;
  }

  static fs::path file() { return data_directory() / "server.json"; }
  [[nodiscard]] static Running load() {
    Running running;
    try {
      const Value map = parse_json(read_file(file()).value_or("{}"));
      const Value* pid = map.find("pid");
      if (pid != nullptr && pid->if_integer() != nullptr) running.pid = *pid->if_integer();
      running.started = text_at(map, "started");
      running.url = text_at(map, "url");
    } catch (const Error&) {
      // Nobody's file: as if nothing ran.
    }
    return running;
  }
  void save() const {
    OutputFile out(file(), OutputFile::Existing::is_replaced);
    out.write(
        to_json(Value(Value::Map{{"pid", std::int64_t{pid}}, {"started", started}, {"url", url}})) +
        '\n');
    out.publish();
  }
};

bool is_healthy(const std::string& url) {
  try {
    const HttpAnswer answer = call({.connect_timeout = 1s, .read_timeout = 2s, .attempts = 1},
                                   {.method = "GET", .url = url + "/data-jobs/debug/health"});
    return answer.status == 200;
  } catch (const Error&) {
    return false;
  }
}

std::string last_lines(const fs::path& file) {
  constexpr std::size_t shown = 2000;
  const std::string text = read_file(file).value_or("");
  return text.substr(text.size() > shown ? text.size() - shown : 0);
}

// Starts the program in a session of its own, so that it outlives the terminal.
long launch(const fs::path& program, const fs::path& data, const std::string& port,
            const fs::path& log) {
  std::vector<std::string> words{program.string(), "--data-dir", data.string(), "--port", port};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int code =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code == 0) return pid;
  throw platform_error({.what = program.string() + " cannot be started.",
                        .why = std::string("The system says: ") + std::strerror(code) + '.',
                        .consequence = "No service runs."});
}

Running start(const std::string& port) {
  const fs::path program = find_program();
  const fs::path data = data_directory();
  std::error_code failure;
  fs::create_directories(data, failure);
  if (failure) {
    throw user_error({.what = data.string() + " cannot be made.",
                      .why = "The system says: " + failure.message() + '.',
                      .consequence = "No service was started.",
                      .countermeasure = "Make it writable, or set XDG_DATA_HOME."});
  }
  fs::permissions(data, fs::perms::owner_all, failure);  // jobs' secrets are in there
  const fs::path log = data / "server.log";
  const std::string url = "http://localhost:" + port;
  if (is_healthy(url)) {
    throw user_error(
        {.what = "Something else answers at " + url + '.',
         .why = "It was not started by this command.",
         .consequence = "No service was started.",
         .countermeasure = "Use it (vdk set-default -u " + url + "), or choose another --port."});
  }
  Running running{.pid = launch(program, data, port, log), .url = url};
  running.started = start_time_of(running.pid);
  running.save();
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  for (auto pause = 5ms; !is_healthy(url); std::this_thread::sleep_for(pause)) {
    const bool ended = waitpid(static_cast<pid_t>(running.pid), nullptr, WNOHANG) != 0;
    if (!ended && std::chrono::steady_clock::now() < give_up) continue;
    if (!ended) kill(static_cast<pid_t>(running.pid), SIGTERM);
    fs::remove(Running::file(), failure);
    throw platform_error({.what = ended ? "The Control Service ended at once."
                                        : "The Control Service does not answer at " + url + '.',
                          .why = "Its log ends so:\n" + last_lines(log),
                          .consequence = "No service runs.",
                          .countermeasure = "The whole log is " + log.string()});
  }
  return running;
}

void stop(const Running& running) {
  const auto pid = static_cast<pid_t>(running.pid);
  kill(pid, SIGTERM);
  const auto give_up = std::chrono::steady_clock::now() + 3 * kPatience;
  while (running.is_alive()) {
    waitpid(pid, nullptr, WNOHANG);
    if (std::chrono::steady_clock::now() > give_up) {
      throw platform_error({.what = "The Control Service does not end.",
                            .why = "The process " + std::to_string(pid) +
                                   " was asked to, half a "
                                   "minute ago.",
                            .consequence = "It still runs.",
                            .countermeasure = "End it hard: kill -9 " + std::to_string(pid)});
    }
    std::this_thread::sleep_for(10ms);
  }
  std::error_code none;
  fs::remove(Running::file(), none);
}

int tell(Printer& printer, const Running& running, bool healthy) {
  const bool alive = running.is_alive();
  const std::string status = !alive ? "stopped" : healthy ? "running" : "not answering";
  if (printer.is_json()) {
    Value map(Value::Map{{"status", status}, {"data_directory", data_directory().string()}});
    if (alive) map.set("pid", std::int64_t{running.pid});
    if (alive) map.set("rest_api_url", running.url);
    printer.map(map);
  } else if (alive) {
    printer.say("The Control Service is " + status + " at " + running.url + " (process " +
                std::to_string(running.pid) + ").\nIts data and its log are in " +
                data_directory().string());
  } else {
    printer.say("The Control Service is stopped.");
  }
  return alive && healthy ? 0 : 1;
}

}  // namespace

int server(Invocation& invocation) {
  Printer printer(invocation);
  Running running = Running::load();
  const bool alive = running.is_alive();
  const bool install = invocation.has("install");
  if (install || invocation.has("start")) {
    const std::string port =
        invocation.has("port") ? invocation.get("port") : std::string(kDefaultPort);
    if (port.find_first_not_of("0123456789") != std::string::npos || port.size() > 5) {
      throw UsageError("Invalid value for '--port': " + port);
    }
    if (!alive) running = start(port);
    if (install) Defaults::set(Defaults::kUrl, running.url);
    const int code = tell(printer, running, is_healthy(running.url));
    if (install)
      printer.say("Commands use it from now on. Try: vdk create -n my-first-job -t my-team");
    return code;
  }
  if (invocation.has("stop") || invocation.has("uninstall")) {
    if (alive) stop(running);
    if (invocation.has("uninstall") && Defaults::get(Defaults::kUrl) == running.url) {
      Defaults::set(Defaults::kUrl, std::nullopt);
    }
    if (printer.is_json()) {
      printer.map(
          Value(Value::Map{{"status", "stopped"}, {"data_directory", data_directory().string()}}));
    }
    printer.say(alive ? "The Control Service was stopped."
                      : "The Control Service was not running.");
    if (invocation.has("uninstall")) {
      printer.say("Its data stay in " + data_directory().string() + ": remove them if you want.");
    }
    return 0;
  }
  return tell(printer, running, alive && is_healthy(running.url));
}

}  // namespace vdk::control
