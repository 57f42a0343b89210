// The program vdk-control-service.
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/context.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "environment/environment.hpp"
#include "gate.hpp"
#include "http/server.hpp"
#include "model/time.hpp"
#include "runtime.hpp"
#include "settings.hpp"
#include "source/git_program.hpp"
#include "store/database.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"

namespace vdk::service {
namespace {

constexpr std::string_view usage =
    "usage: vdk-control-service [--config FILE] [--data-dir DIR] [--listen ADDRESS] [--port N]\n"
    "\n"
    "  --config FILE     lines of 'name = value'\n"
    "  --data-dir DIR    where everything is kept; by default in the directory of local state\n"
    "  --listen ADDRESS  an IP address; by default 127.0.0.1\n"
    "  --port N          by default 8092; 0 takes a free one\n"
    "\n"
    "Settings come from the command line, the environment and the file, in this order; they are\n"
    "listed in docs/control-service.md.\n";

// The words of the command line, or the exit code where there is nothing to run.
struct Parsed {
  CommandLine command_line;
  std::optional<int> exit_code;
};

Parsed parse(const std::vector<std::string>& words) {
  Parsed parsed;
  const auto fail = [&](const std::string& why) {
    fmt::print(stderr, "vdk-control-service: {}\n\n{}", why, usage);
    parsed.exit_code = 2;
  };
  for (std::size_t i = 0; i < words.size() && !parsed.exit_code; ++i) {
    auto name = words[i];
    if (name == "--help" || name == "-h") {
      fmt::print("{}", usage);
      parsed.exit_code = 0;
      break;
    }
    if (name == "--version") {
      fmt::print("vdk-control-service {}\n", version());
      parsed.exit_code = 0;
      break;
    }
    std::optional<std::string> value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.erase(equals);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    }
    if (name != "--config" && name != "--data-dir" && name != "--listen" && name != "--port") {
      fail(fmt::format("there is no option '{}'", name));
    } else if (!value || value->empty()) {
      fail(fmt::format("the option '{}' needs a value", name));
    } else if (name == "--config") {
      parsed.command_line.config = *value;
    } else if (name == "--data-dir") {
      parsed.command_line.data_directory = *value;
    } else if (name == "--listen") {
      parsed.command_line.listen = *value;
    } else {
      std::uint16_t port = 0;
      const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), port);
      if (error != std::errc{} || end != value->data() + value->size()) {
        fail(fmt::format("'{}' is no port", *value));
      }
      parsed.command_line.port = port;
    }
  }
  return parsed;
}

void write_text_log(const LogRecord& record) {
  fmt::print(stderr, "{} {:<7} {} {}\n", to_iso8601(std::chrono::system_clock::now()),
             to_string(record.level), record.logger, record.message);
}

void write_json_log(const LogRecord& record) {
  const auto line = to_json(Value::Map{{"time", to_iso8601(std::chrono::system_clock::now())},
                                       {"level", to_string(record.level)},
                                       {"logger", record.logger},
                                       {"message", record.message}});
  fmt::print(stderr, "{}\n", line);
}

void set_up_log(const Settings& settings) {
  set_log_sink(settings.log_format == LogFormat::json ? write_json_log : write_text_log);
  set_log_level(parse_log_level(settings.log_level).value_or(LogLevel::info));
}

void make_data_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && ::chmod(directory.c_str(), 0700) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (!error && ::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (!error) return;
  throw configuration_error(
      {.what = fmt::format("The service cannot use its data directory '{}'.", directory.string()),
       .why = error.message(),
       .consequence = "It does not start.",
       .countermeasure = "Make it a directory that this user may read and write, or name another "
                         "one with --data-dir."});
}

FileLock lock_data_directory(const std::filesystem::path& directory) {
  if (auto lock = FileLock::try_lock(directory / "service.lock")) return std::move(*lock);
  throw configuration_error(
      {.what = fmt::format("Another service runs on the data directory '{}'.", directory.string()),
       .why = "A data directory belongs to one service at a time.",
       .consequence = "This one does not start.",
       .countermeasure = "End the other one, or give this one a directory of its own."});
}

std::unique_ptr<Engine> make_engine(const Settings& settings) {
  return settings.database.empty()
             ? make_sqlite_engine((settings.data_directory / "service.db").string())
             : make_postgres_engine(settings.database);
}

std::string_view remedy_of(StoreFailure failure, bool is_own_file) {
  switch (failure) {
    case StoreFailure::damaged:
      return is_own_file ? "Put back a copy of service.db that was made before, or move the file "
                           "and those beside it away to begin with an empty one."
                         : "Restore the database from a copy.";
    case StoreFailure::full:
      return "Make room on its disk.";
    default:
      return "See that the database is there, and that this user may use it.";
  }
}

void open_database(Database& database, const Settings& settings) {
  try {
    database.migrate();
  } catch (const StoreError& error) {
    const bool is_own_file = settings.database.empty();
    throw configuration_error(
        {.what = is_own_file ? fmt::format("The service cannot use its database '{}'.",
                                           (settings.data_directory / "service.db").string())
                             : fmt::format("The service cannot use its {} database.",
                                           database.engine_name()),
         .why = error.what(),
         .consequence = "It does not start.",
         .countermeasure = std::string(remedy_of(error.failure(), is_own_file))});
  }
}

// With a database of its own a service makes itself a key; several that share one are given it.
std::optional<SecretBox> open_secrets(const Settings& settings, Database& database) {
  if (!settings.keeps_secrets) return std::nullopt;
  std::optional<SecretBox> box;
  if (settings.secrets_key) {
    box.emplace(parse_key(*settings.secrets_key));
  } else if (settings.secrets_key_file) {
    box.emplace(parse_key(read_file(*settings.secrets_key_file)));
  } else if (settings.database.empty()) {
    box.emplace(provide_key_file(settings.data_directory / "secrets.key"));
  } else {
    log(LogLevel::warning, "vdk.service", "keeps no secrets: 'vdk.service.secrets.key' is not set");
    return std::nullopt;
  }
  check_key(database, *box);
  return box;
}

void refuse_to_be_open(const Settings& settings) {
  if (is_loopback(settings.address)) return;
  throw configuration_error(
      {.what = fmt::format("The service does not listen on {} without authentication.",
                           settings.address),
       .why = "Whoever reaches it could run programs on this machine.",
       .consequence = "It does not start.",
       .countermeasure =
           "Listen on 127.0.0.1, and let a proxy that authenticates stand before it."});
}

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Before the first thread, which inherits it: the signals are for sigwait alone.
void block_signals() {
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// Environments of jobs, shared by all that require the same.
EnvironmentBuilder build_environments(const Settings& settings) {
  return [directory = settings.data_directory / "environments",
          interpreters = settings.interpreters, usual = settings.api.default_python_version](
             const std::filesystem::path& job, const std::string& python, const LineLog& line_log) {
    // What requires nothing runs with the interpreter that the program would take by itself.
    const auto required = read_file_if_exists(job / "requirements.txt");
    if (python == usual && (!required || trim(*required).empty())) return std::string{};
    // Held while the service runs: none is removed below a job.
    static std::mutex mutex;
    static std::map<std::string, Environment> held;
    const auto known = interpreters.find(python);
    auto environment = provide_environment(
        {.job = job, .python = known == interpreters.end() ? python : known->second},
        {.directory = directory, .log = line_log});
    auto path = environment.directory().string();
    const std::lock_guard lock(mutex);
    held.try_emplace(environment.key(), std::move(environment));
    return path;
  };
}

std::optional<MirrorPlace> open_mirror(const Settings& settings) {
  if (!settings.mirror || has_git()) return settings.mirror;
  log(LogLevel::warning, "vdk.service",
      "sources are not mirrored: there is no program git on PATH; "
      "vdk.service.mirror.enabled = false says that this is meant");
  return std::nullopt;
}

int run(const CommandLine& command_line) {
  const auto settings = read_settings(command_line);
  set_up_log(settings);
  refuse_to_be_open(settings);
  make_data_directory(settings.data_directory);
  const auto lock = lock_data_directory(settings.data_directory);

  Database database(make_engine(settings));
  open_database(database, settings);

  const auto secrets = open_secrets(settings, database);
  block_signals();
  Runtime runtime(database,
                  {.directory = settings.data_directory,
                   .leader_lease = settings.leader_lease,
                   .replica_lease = settings.replica_lease,
                   .retention = settings.retention,
                   .check = settings.deployment_check,
                   .mirror = open_mirror(settings)},
                  build_environments(settings));
  const ApiContext context{.database = database,
                           .settings = settings.api,
                           .secrets = secrets ? &*secrets : nullptr,
                           .executor = &runtime.executor(),
                           .node = runtime.node(),
                           .deployments_changed = [&runtime] { runtime.deployments_changed(); },
                           .executions_changed = [&runtime] { runtime.executions_changed(); },
                           .sources_changed = [&runtime] { runtime.sources_changed(); }};
  http::Router router;
  add_api_routes(router, context);

  http::Server server({.address = settings.address, .port = settings.port, .tls = settings.tls},
                      router, make_loopback_gate(settings.allowed_hosts));
  const auto here =
      fmt::format("{}://{}:{}", settings.tls ? "https" : "http", settings.address, server.port());
  runtime.start(settings.url.empty() ? here : settings.url);
  server.start();
  log(LogLevel::info, "vdk.service",
      fmt::format(
          "version {} listens on {}://{}:{}, for programs of this machine only (there is no "
          "authentication); {} database; data in {}",
          version(), settings.tls ? "https" : "http", settings.address, server.port(),
          database.engine_name(), settings.data_directory.string()));
  fmt::print("port {}\n", server.port());
  std::fflush(stdout);

  int signal_number = 0;
  const auto signals = ending_signals();
  sigwait(&signals, &signal_number);
  log(LogLevel::info, "vdk.service", "is told to end; requests at work may finish");
  server.stop(std::chrono::seconds(10));
  log(LogLevel::info, "vdk.service", "has ended");
  return 0;
}

}  // namespace
}  // namespace vdk::service

int main(int argc, char** argv) {
  // The service is mostly idle: memory that many threads would each keep is better shared.
  ::mallopt(M_ARENA_MAX, 2);
  std::signal(SIGPIPE, SIG_IGN);
  // Names in archives are UTF-8, wherever the service is started.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const auto parsed = vdk::service::parse(std::vector<std::string>(argv + 1, argv + argc));
  if (parsed.exit_code) return *parsed.exit_code;
  try {
    return vdk::service::run(parsed.command_line);
  } catch (const vdk::Error& error) {
    const auto& text = error.text();
    for (const auto& line : {text.what, text.why, text.consequence, text.countermeasure}) {
      if (!line.empty()) fmt::print(stderr, "{}\n", vdk::redact(line));
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "vdk-control-service: {}\n", vdk::redact(error.what()));
  }
  return 1;
}
