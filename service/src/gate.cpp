#include "gate.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

// The host of `host:port`, in lower case.
std::string host_of(std::string_view text) {
  if (text.starts_with('[')) return lower(text.substr(0, text.find(']') + 1));
  return lower(text.substr(0, text.find(':')));
}

bool is_allowed(std::string_view authority, const std::vector<std::string>& allowed) {
  const auto host = host_of(authority);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" ||
         std::ranges::find(allowed, host) != allowed.end();
}

http::Response refuse_host(std::string_view host) {
  http::Response response{.status = 403, .content_type = "application/json"};
  response.body = to_json(Value::Map{
      {"what",
       "This service does not answer requests that are addressed to '" + redact(host) + "'."},
      {"why", "It runs without authentication, and so only for programs of its own machine."},
      {"consequences", "The request was refused; nothing was changed."},
      {"countermeasures",
       "Address it as localhost, or add the name to 'vdk.service.allowed.hosts' "
       "if it is this machine's own."}});
  response.carries_op_id = false;
  return response;
}

}  // namespace

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

http::Gate make_loopback_gate(std::vector<std::string> allowed_hosts) {
  for (auto& host : allowed_hosts) host = lower(host);
  return [allowed =
              std::move(allowed_hosts)](http::Request& request) -> std::optional<http::Response> {
    const auto host = request.header("Host").value_or("");
    if (!is_allowed(host, allowed)) return refuse_host(host);
    const auto origin = request.header("Origin");
    if (!origin) return std::nullopt;
    const auto scheme = origin->find("://");
    if (scheme != std::string_view::npos && is_allowed(origin->substr(scheme + 3), allowed)) {
      return std::nullopt;
    }
    return http::Response{.status = 403,
                          .body = "Requests of pages from elsewhere are refused.",
                          .content_type = "text/plain",
                          .carries_op_id = false};
  };
}

}  // namespace vdk::service
