// One request to a web service and its answer.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdk::control {

struct HttpSettings {
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds read_timeout{900};
  int attempts = 4;           // in all, where trying again may help and does no harm
  bool verify = true;         // the TLS certificate of the service
  std::string authorities{};  // a file or directory; empty: the system's
};

struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<std::string> headers{};  // "Name: value"
  std::string_view body{};
  // Where given, the body of a successful answer goes here piece by piece.
  std::function<void(std::string_view)> sink{};
};

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::string location;  // of the header Location, as it was sent
};

// Tries again after a while where no connection was made, and, unless the method is POST or PATCH,
// after statuses 502 to 504. Throws Error (platform) where there is no answer. Redirections are
// answers: the credentials go to the service only. An answer is bounded to 256 MB.
[[nodiscard]] HttpAnswer call(const HttpSettings& settings, const HttpRequest& request);

// Everything but letters, digits and -._~ as %XX.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace vdk::control
