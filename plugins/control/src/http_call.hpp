// One request to a web service and its answer.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vdk::control {

struct HttpSettings {
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds read_timeout{900};
  int attempts = 4;           // in all, where trying again may help and does no harm
  bool verify = true;         // the TLS certificate of the service
  std::string authorities{};  // a file or directory; empty: the system's
};

struct HttpAnswer {
  long status = 0;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case

  // Empty where it was not sent.
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<std::string> headers{};  // "Name: value"
  std::string_view body{};
  // Where given, the body of a successful answer of text goes here piece by piece, with the answer
  // as far as it came.
  std::function<void(const HttpAnswer&, std::string_view)> sink{};
};

// Tries again after a while where no connection was made, and, unless the method is POST or PATCH,
// after statuses 502 to 504. Throws Error (platform) where there is no answer. Redirections are
// answers: the credentials go to the service only. An answer is bounded to 256 MB, unless it goes
// to a sink.
[[nodiscard]] HttpAnswer call(const HttpSettings& settings, const HttpRequest& request);

// Everything but letters, digits and -._~ as %XX.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace vdk::control
