#include "settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "http/url.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"

namespace vdk::service {

namespace {

// The values of a file of `name = value` lines, and of the environment over them.
class Sources {
 public:
  explicit Sources(const std::optional<std::filesystem::path>& file) {
    if (!file) return;
    int number = 0;
    for (const auto& line : split(read_file(*file), '\n')) {
      ++number;
      const auto text = trim(line);
      if (text.empty() || text.starts_with('#')) continue;
      const auto equals = text.find('=');
      if (equals == std::string_view::npos) {
        throw configuration_error(
            {.what = fmt::format("{}:{} is not 'name = value'.", file->string(), number),
             .consequence = "The service does not start.",
             .countermeasure = "Correct the line, or put '#' before it."});
      }
      values_.insert_or_assign(std::string(trim(text.substr(0, equals))),
                               std::string(trim(text.substr(equals + 1))));
    }
  }

  // The value of a property, which may have further names in the environment.
  [[nodiscard]] std::optional<std::string> find(
      const std::string& property, std::initializer_list<const char*> names = {}) const {
    std::string name;
    for (const char c : upper(property)) {
      if (c != '-') name += c == '.' ? '_' : c;
    }
    if (const char* value = ::getenv(name.c_str())) return value;
    for (const char* other : names) {
      if (const char* value = ::getenv(other)) return value;
    }
    const auto found = values_.find(property);
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

[[noreturn]] void refuse(const std::string& property, const std::string& value,
                         const std::string& expected) {
  throw configuration_error(
      {.what = fmt::format("The setting '{}' is '{}'.", property, redact(value)),
       .why = fmt::format("It has to be {}.", expected),
       .consequence = "The service does not start.",
       .countermeasure = "Correct it where it is set: the configuration file or the environment."});
}

std::uint16_t to_port(const std::string& property, const std::string& value) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
  if (error != std::errc{} || end != value.data() + value.size()) {
    refuse(property, value, "a port from 0 to 65535");
  }
  return port;
}

bool is_local_host(const std::string& conninfo) {
  // Of postgresql://user@HOST:port/database
  const auto begin = conninfo.find("://");
  if (begin == std::string::npos) return true;
  auto host = conninfo.substr(begin + 3, conninfo.find_first_of("/?", begin + 3) - begin - 3);
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  return host.empty() || host.starts_with("localhost") || host.starts_with("127.") ||
         host.starts_with("[::1]");
}

// jdbc:postgresql://host:port/name?... as libpq takes it. To another machine the connection is
// encrypted and the server's certificate checked, unless the URL says otherwise.
std::string to_conninfo(const Sources& sources) {
  auto url = sources.find("spring.datasource.url", {"DB_JDBC_URL", "DB_URL"}).value_or("");
  if (url.empty()) return {};
  if (url.starts_with("jdbc:")) url.erase(0, 5);
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
    refuse("spring.datasource.url", url, "jdbc:postgresql://HOST:PORT/DATABASE");
  }
  const auto add = [&](const std::string& name, const std::string& value) {
    if (url.find(name + "=") != std::string::npos) return;
    url += fmt::format("{}{}={}", url.find('?') == std::string::npos ? '?' : '&', name,
                       http::encode_percent(value));
  };
  if (const auto user = sources.find("spring.datasource.username", {"DB_USERNAME"})) {
    add("user", *user);
  }
  if (const auto password = sources.find("spring.datasource.password", {"DB_PASSWORD"})) {
    add_secret(*password);
    add("password", *password);
  }
  add("connect_timeout", "5");
  add("application_name", "vdk-control-service");
  if (!is_local_host(url)) {
    add("sslmode", "verify-full");
    const char* roots = "/etc/ssl/certs/ca-certificates.crt";
    if (::access(roots, R_OK) == 0) add("sslrootcert", roots);
  }
  return url;
}

constexpr const char* kPythonProperty = "datajobs.deployment.supportedPythonVersions";

// Upstream's map of versions, whose values are images there; here `interpreter` may name a program.
std::optional<Value> python_map(const Sources& sources) {
  const auto text =
      sources.find(kPythonProperty, {"DATAJOBS_DEPLOYMENT_SUPPORTED_PYTHON_VERSIONS"});
  if (!text) return std::nullopt;
  try {
    auto value = parse_json(replace_all(*text, "'", "\""));
    if (value.if_map() != nullptr) return value;
  } catch (const Error&) {
  }
  refuse(kPythonProperty, *text, "a JSON object whose keys are versions");
}

std::map<std::string, std::string> interpreters(const Sources& sources) {
  std::map<std::string, std::string> programs;
  const auto map = python_map(sources);
  if (!map) return programs;
  for (const auto& [version, value] : *map->if_map()) {
    const auto* program = value.find("interpreter");
    if (program != nullptr && program->if_string() != nullptr) {
      programs.emplace(version, *program->if_string());
    }
  }
  return programs;
}

// A version manager has scripts by the names of versions that it may not have.
bool is_program(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char head[2] = {};
  return file.read(head, 2) && std::string_view(head, 2) != "#!";
}

// The version of `python3`, which its name tells, or else it itself; empty where there is none.
std::string default_python() {
  const auto program = find_on_path("python3");
  if (program.empty()) return {};
  std::error_code error;
  const auto name = std::filesystem::canonical(program, error).filename().string();
  if (name.starts_with("python3.")) return name.substr(6);
  const auto said =
      run_process({program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"},
                  std::chrono::seconds(10));
  return said && said->exit_code == 0 ? std::string(trim(said->out)) : std::string{};
}

// The keys of the map; without one, the interpreters that are here.
std::vector<std::string> python_versions(const Sources& sources) {
  std::vector<std::string> versions;
  if (const auto map = python_map(sources)) {
    for (const auto& [version, value] : *map->if_map()) versions.push_back(version);
    return versions;
  }
  for (int minor = 8; minor < 20; ++minor) {
    const auto version = fmt::format("3.{}", minor);
    if (is_program(find_on_path("python" + version))) versions.push_back(version);
  }
  const auto own = default_python();
  if (!own.empty() && std::ranges::find(versions, own) == versions.end()) versions.push_back(own);
  return versions;
}

std::size_t to_size(const Sources& sources, const std::string& property, std::size_t otherwise) {
  const auto text = sources.find(property);
  if (!text) return otherwise;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
  if (error != std::errc{} || end != text->data() + text->size()) {
    refuse(property, *text, "a number");
  }
  return size;
}

// At least 2: a lease is renewed when a third of it is over.
std::chrono::seconds to_lease(const Sources& sources, const std::string& property,
                              std::chrono::seconds otherwise) {
  const auto seconds = to_size(sources, property, static_cast<std::size_t>(otherwise.count()));
  if (seconds < 2 || seconds > 86400) {
    refuse(property, std::to_string(seconds), "a number of seconds from 2 to 86400");
  }
  return std::chrono::seconds(seconds);
}

Retention retention(const Sources& sources) {
  const std::string property = "datajobs.executions.cleanupJob";
  Retention kept;
  if (const auto schedule = sources.find(property + ".scheduleCron")) {
    kept.schedule = std::string(trim(*schedule));
    try {
      if (kept.schedule != "-") static_cast<void>(Cron::parse(kept.schedule));
    } catch (const Error& error) {
      refuse(property + ".scheduleCron", *schedule,
             fmt::format("a cron expression, or '-' for never ({})", error.text().why));
    }
  }
  const auto number = [&](const std::string& name, const char* other_name, std::int64_t otherwise) {
    const auto text = sources.find(property + name, {other_name});
    std::int64_t value = otherwise;
    if (!text) return value;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 0 ||
        value > 10'000'000'000) {
      refuse(property + name, *text, "a number that is not negative");
    }
    return value;
  };
  kept.executions = number(".maximumExecutionsToStore",
                           "DATAJOBS_EXECUTION_MAXIMUM_EXECUTIONS_TO_STORE", kept.executions);
  kept.lifetime = std::chrono::seconds(
      number(".executionsTtlSeconds", "DATAJOBS_EXECUTION_TTL_SECONDS", kept.lifetime.count()));
  return kept;
}

std::vector<std::string> to_list(const Sources& sources, const std::string& property,
                                 const char* other_name) {
  return split_list(sources.find(property, {other_name}).value_or(""));
}

LogsUrl logs_url(const Sources& sources) {
  const std::string property = "datajobs.executions.logsUrl";
  const auto seconds = [&](const std::string& name, const char* other_name) {
    const auto text = sources.find(property + name, {other_name}).value_or("0");
    return std::chrono::seconds(std::atoll(text.c_str()));
  };
  return {
      .pattern = sources
                     .find(property + ".template", {"DATAJOBS_EXECUTIONS_LOGS_URL_DATE_TEMPLATE",
                                                    "DATAJOBS_EXECUTIONS_LOGS_URL_TEMPLATE"})
                     .value_or(""),
      .has_iso_times =
          lower(sources.find(property + ".dateFormat", {"DATAJOBS_EXECUTIONS_LOGS_URL_DATE_FORMAT"})
                    .value_or("unix")) == "iso",
      .start_offset = seconds(".startTimeOffsetSeconds",
                              "DATAJOBS_EXECUTIONS_LOGS_URL_START_TIME_OFFSET_SECONDS"),
      .end_offset =
          seconds(".endTimeOffsetSeconds", "DATAJOBS_EXECUTIONS_LOGS_URL_END_TIME_OFFSET_SECONDS")};
}

ApiSettings api_settings(const Sources& sources) {
  ApiSettings api;
  api.version =
      fmt::format("PipelinesControlService/{}/native (vdk@linux)",
                  sources.find("datajobs.version", {"datajobs_version"}).value_or(version()));
  api.python_versions = python_versions(sources);
  const auto own = default_python();
  const auto& known = api.python_versions;
  const bool has_own = std::ranges::find(known, own) != known.end();
  api.default_python_version = sources
                                   .find("datajobs.deployment.defaultPythonVersion",
                                         {"DATAJOBS_DEPLOYMENT_DEFAULT_PYTHON_VERSION"})
                                   .value_or(has_own         ? own
                                             : known.empty() ? ""
                                                             : known.back());
  api.upload_limit = to_size(sources, "vdk.service.upload.limit.bytes", api.upload_limit);
  api.archive_limits.total_bytes =
      to_size(sources, "vdk.service.unpacked.limit.bytes", api.archive_limits.total_bytes);
  api.archive_limits.entries =
      to_size(sources, "vdk.service.upload.limit.files", api.archive_limits.entries);
  const std::string rules = "upload.validation.";
  api.file_rules = {.allowed_types = to_list(sources, rules + "fileTypes.allowlist",
                                             "UPLOAD_VALIDATION_FILETYPES_ALLOWLIST"),
                    .allowed_endings = to_list(sources, rules + "fileExtensions.allowlist",
                                               "UPLOAD_VALIDATION_EXTENSIONS_ALLOWLIST"),
                    .dropped_types = to_list(sources, rules + "fileTypes.filterlist",
                                             "UPLOAD_VALIDATION_FILETYPES_FILTER_LIST"),
                    .dropped_endings = to_list(sources, rules + "fileExtensions.filterlist",
                                               "UPLOAD_VALIDATION_EXTENSIONS_FILTER_LIST")};
  api.secrets_limit = to_size(sources, "datajobs.vault.size.limit.bytes", api.secrets_limit);
  api.logs_url = logs_url(sources);
  return api;
}

// The program's path, or a list in JSON: nothing is taken apart as a shell would.
std::vector<std::string> to_command(const Sources& sources, const std::string& property) {
  const auto text = std::string(trim(sources.find(property).value_or("")));
  if (text.empty()) return {};
  if (!text.starts_with('[')) return {text};
  constexpr const char* kExpected = "a program's path, or a JSON list of the program and its words";
  std::vector<std::string> command;
  try {
    const auto value = parse_json(text);
    for (const auto& word : *value.if_list()) {
      if (word.if_string() == nullptr) refuse(property, text, kExpected);
      command.push_back(*word.if_string());
    }
  } catch (const Error&) {
    refuse(property, text, kExpected);
  }
  if (command.empty()) refuse(property, text, kExpected);
  return command;
}

DeploymentCheck deployment_check(const Sources& sources) {
  const std::string property = "vdk.service.deployment.check";
  DeploymentCheck check{.command = to_command(sources, property)};
  if (!check.command.empty() && ::access(check.command.front().c_str(), X_OK) != 0) {
    refuse(property, check.command.front(), "the absolute path of a program that can be run");
  }
  check.time_limit = std::chrono::seconds(
      to_size(sources, property + ".seconds", static_cast<std::size_t>(check.time_limit.count())));
  return check;
}

// A name and a password in the URL would be seen in the list of processes.
void take_credentials(MirrorPlace& place) {
  const auto begin = place.remote.find("://");
  if (begin == std::string::npos) return;
  const auto end = place.remote.find('/', begin + 3);
  const auto at = place.remote.substr(0, end).rfind('@');
  if (at == std::string::npos || place.remote.starts_with("ssh://")) return;
  const auto account = place.remote.substr(begin + 3, at - begin - 3);
  place.remote.erase(begin + 3, at + 1 - begin - 3);
  const auto colon = account.find(':');
  place.username = http::decode_percent(account.substr(0, colon)).value_or("");
  if (colon != std::string::npos)
    place.password = http::decode_percent(account.substr(colon + 1)).value_or("");
}

// Upstream's names; a URL without a scheme is one of HTTPS, or of HTTP where TLS is switched off.
std::optional<MirrorPlace> mirror(const Sources& sources, const std::filesystem::path& data) {
  const auto text = [&](const char* property, const char* name) {
    return sources.find(property, {name}).value_or("");
  };
  const auto is_on = [&](const char* property, const char* name) {
    return lower(sources.find(property, {name}).value_or("true")) != "false";
  };
  if (!is_on("vdk.service.mirror.enabled", "VDK_SERVICE_MIRROR_ENABLED")) return std::nullopt;
  MirrorPlace place{.repository = std::filesystem::absolute(data / "mirror.git")};
  if (auto branch = text("datajobs.git.branch", "GIT_BRANCH"); !branch.empty()) {
    const auto fits = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-' ||
             c == '/';
    };
    if (!std::ranges::all_of(branch, fits) || branch.starts_with('-') || branch.starts_with('/') ||
        branch.find("..") != std::string::npos) {
      refuse("datajobs.git.branch", branch, "the name of a branch");
    }
    place.branch = std::move(branch);
  }
  place.remote = text("datajobs.git.url", "GIT_URL");
  if (place.remote.empty()) return place;
  if (place.remote.starts_with('-'))
    refuse("datajobs.git.url", place.remote, "the URL of a remote");
  // user@host:path is how ssh is spoken of.
  const auto colon = place.remote.find(':');
  const bool is_whole = place.remote.find("://") != std::string::npos ||
                        place.remote.starts_with('/') ||
                        place.remote.substr(0, colon).find('@') != std::string::npos;
  if (!is_whole) {
    place.remote.insert(
        0, is_on("datajobs.git.ssl.enabled", "GIT_SSL_ENABLED") ? "https://" : "http://");
  }
  take_credentials(place);
  for (const auto& [part, property, name] :
       {std::tuple{&place.username, "datajobs.git.username", "GIT_USERNAME"},
        std::tuple{&place.username, "datajobs.git.read.write.username", "GIT_USERNAME_READ_WRITE"},
        std::tuple{&place.password, "datajobs.git.password", "GIT_PASSWORD"},
        std::tuple{&place.password, "datajobs.git.read.write.password",
                   "GIT_PASSWORD_READ_WRITE"}}) {
    if (auto value = text(property, name); !value.empty()) *part = std::move(value);
    if (part->find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
      refuse(property, "...", "one line");
  }
  if (!place.password.empty()) add_secret(place.password);
  return place;
}

std::filesystem::path data_directory(const Sources& sources, const CommandLine& command_line) {
  if (command_line.data_directory) return *command_line.data_directory;
  if (const auto given = sources.find("vdk.service.data.directory")) return *given;
  return local_state_directory() / "service";
}

}  // namespace

Settings read_settings(const CommandLine& command_line) {
  const Sources sources(command_line.config);
  Settings settings;
  settings.data_directory = data_directory(sources, command_line);
  settings.address =
      command_line.listen.value_or(sources.find("server.address").value_or("127.0.0.1"));
  if (command_line.port) {
    settings.port = *command_line.port;
  } else if (const auto port = sources.find("server.port")) {
    settings.port = to_port("server.port", *port);
  }
  const auto certificate = sources.find("server.ssl.certificate");
  const auto key = sources.find("server.ssl.certificate-private-key");
  if (certificate.has_value() != key.has_value()) {
    refuse("server.ssl.certificate", certificate.value_or(""),
           "given together with 'server.ssl.certificate-private-key'");
  }
  if (certificate) settings.tls = http::TlsFiles{*certificate, *key};
  settings.url = sources.find("vdk.service.url").value_or("");
  if (!settings.url.empty() && !settings.url.starts_with("http://") &&
      !settings.url.starts_with("https://")) {
    refuse("vdk.service.url", settings.url, "http://HOST:PORT or https://HOST:PORT");
  }
  settings.allowed_hosts = split_list(sources.find("vdk.service.allowed.hosts").value_or(""));
  settings.database = to_conninfo(sources);
  settings.api = api_settings(sources);
  settings.interpreters = interpreters(sources);
  settings.deployment_check = deployment_check(sources);
  settings.mirror = mirror(sources, settings.data_directory);
  settings.secrets_key = sources.find("vdk.service.secrets.key");
  if (settings.secrets_key) add_secret(*settings.secrets_key);
  if (const auto file = sources.find("vdk.service.secrets.key.file")) {
    settings.secrets_key_file = *file;
  }
  settings.leader_lease =
      to_lease(sources, "vdk.service.leader.lease.seconds", settings.leader_lease);
  settings.replica_lease =
      to_lease(sources, "vdk.service.replica.lease.seconds", settings.replica_lease);
  settings.retention = retention(sources);
  settings.keeps_secrets =
      lower(sources.find("featureflag.vault.integration.enabled").value_or("true")) != "false";
  if (upper(sources.find("logging.format").value_or("")) == "JSON") {
    settings.log_format = LogFormat::json;
  }
  settings.log_level =
      sources.find("logging.level.root", {"TAURUS_ROOT_LOG_LEVEL"}).value_or(settings.log_level);
  return settings;
}

}  // namespace vdk::service
