// What an operator can set, and where the values come from.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/server.hpp"
#include "reconcile/deployment_check.hpp"
#include "reconcile/janitor.hpp"
#include "source/git_mirror.hpp"

namespace vdk::service {

// The words of the command line; what is not given is left to the other sources.
struct CommandLine {
  std::optional<std::filesystem::path> config;
  std::optional<std::filesystem::path> data_directory;
  std::optional<std::string> listen;
  std::optional<std::uint16_t> port;
};

enum class LogFormat { text, json };

struct Settings {
  std::filesystem::path data_directory;
  std::string address;
  std::uint16_t port = 8092;
  std::optional<http::TlsFiles> tls;
  std::string url;                         // where jobs find the service; empty: where it listens
  std::vector<std::string> allowed_hosts;  // besides the names of this machine's loopback
  std::string database;                    // libpq's connection string; empty: SQLite
  ApiSettings api;
  // Of versions of Python; one that is not here is sought on PATH.
  std::map<std::string, std::string> interpreters;
  DeploymentCheck deployment_check;
  std::optional<MirrorPlace> mirror;
  std::optional<std::string> secrets_key;  // as text
  std::optional<std::filesystem::path> secrets_key_file;
  bool keeps_secrets = true;
  // How long the leader, and any replica, may be silent before the others take over.
  std::chrono::seconds leader_lease{15};
  std::chrono::seconds replica_lease{60};
  Retention retention;
  LogFormat log_format = LogFormat::text;
  std::string log_level = "INFO";
};

// First match: the command line, the environment, the file, the default. A property `a.b.c` is
// A_B_C in the environment, and upstream's other names for it are understood. Throws Error
// (configuration).
[[nodiscard]] Settings read_settings(const CommandLine& command_line);

}  // namespace vdk::service
