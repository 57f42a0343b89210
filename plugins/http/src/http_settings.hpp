// What the configuration says about sending, and where a target is.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vdk/base/backoff.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::http {

struct Settings {
  std::chrono::seconds connect_timeout{};
  std::chrono::seconds read_timeout{};
  std::chrono::seconds total_timeout{};
  bool verify = true;
  std::string authorities;                   // file or directory; empty: the system's
  std::string certificate;                   // the client's, with its key; empty: none
  std::optional<std::size_t> compress_from;  // bytes
  BackoffRules retries;
  std::chrono::seconds patience{};  // from the first failure of a request to its last repetition
  std::vector<long> retried_statuses;
  bool allow_nan = false;
  std::size_t request_bytes = 0;  // of JSON, as long as a single row is not larger
};

// Throws Error (configuration) where a value makes no sense.
[[nodiscard]] Settings read_settings(const Configuration& configuration);

struct Target {
  std::string url;  // without the credentials
  std::string user;
  std::string password;
  std::string origin;  // scheme, host and port
  std::string shown;   // for messages: without credentials and query
};

// Hides the credentials and the query from logs. Throws Error (configuration) where it is no URL of
// http or https.
[[nodiscard]] Target parse_target(const std::string& target);

// The same of an address that a service gave, which need not be hidden: what a service sends must
// not decide what logs show. Nothing where it is no such URL.
[[nodiscard]] std::optional<Target> redirection(const std::string& address);

}  // namespace vdk::http
