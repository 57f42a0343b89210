#include "http/router.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "model/time.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service::http {

namespace {

bool matches(std::string_view pattern, const std::vector<std::string>& segments,
             std::map<std::string, std::string, std::less<>>& parameters) {
  parameters.clear();
  pattern.remove_prefix(1);
  for (const auto& segment : segments) {
    if (pattern.empty()) return false;
    const auto slash = pattern.find('/');
    const auto part = pattern.substr(0, slash);
    pattern = slash == std::string_view::npos ? std::string_view{} : pattern.substr(slash + 1);
    if (part.starts_with('{')) {
      parameters.emplace(part.substr(1, part.size() - 2), segment);
    } else if (part != segment) {
      return false;
    }
  }
  return pattern.empty();
}

// The type of `application/json; charset=utf-8`, in lower case.
std::string media_type(std::string_view header) {
  return lower(trim(header.substr(0, header.find(';'))));
}

bool accepts(std::string_view range, std::string_view type) {
  if (range == "*/*" || range == type) return true;
  return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
}

// The first of the types that the client names (by q, then by place), or nothing.
std::optional<std::string> negotiate(std::string_view accept,
                                     const std::vector<std::string>& types) {
  struct Range {
    std::string type;
    bool is_refused;
  };
  std::vector<Range> ranges;
  for (const auto& item : split_list(accept)) {
    auto parameters = lower(item);
    std::erase(parameters, ' ');
    const bool zero =
        parameters.find(";q=0") != std::string::npos &&
        parameters.find_first_of("123456789", parameters.find(";q=") + 3) == std::string::npos;
    ranges.push_back({media_type(item), zero});
  }
  for (const auto& range : ranges) {
    if (range.is_refused) continue;
    for (const auto& type : types) {
      if (accepts(range.type, type)) return type;
    }
  }
  return std::nullopt;
}

bool has_right_type(const Route& route, const Request& request) {
  if (route.body == Body::none) return true;
  const auto given = request.header("Content-Type");
  if (route.body == Body::bytes) {
    return !given || media_type(*given) == "application/octet-stream";
  }
  return given && media_type(*given) == "application/json";
}

}  // namespace

void Router::add(Route route) { routes_.push_back(std::move(route)); }

Response framework_error(unsigned status, std::string_view path) {
  Response response{.status = status, .content_type = "application/json"};
  response.body = to_json(Value::Map{
      {"timestamp", to_framework_time(now())},
      {"status", static_cast<std::int64_t>(status)},
      {"error", std::string(reason_of(status))},
      {"path", to_utf8(path)},
  });
  return response;
}

std::variant<const Route*, Response> Router::find(Request& request) const {
  const bool is_head = request.method == "HEAD";
  const Route* found = nullptr;
  std::vector<std::string> methods;
  std::map<std::string, std::string, std::less<>> parameters;
  for (const auto& route : routes_) {
    if (!matches(route.pattern, request.url.segments, parameters)) continue;
    methods.push_back(route.method);
    if (route.method == request.method || (is_head && route.method == "GET")) {
      found = &route;
      request.parameters = parameters;
      break;
    }
  }
  if (methods.empty()) return framework_error(404, request.url.path);
  if (found == nullptr) {
    if (request.method == "OPTIONS") {
      if (std::ranges::find(methods, "GET") != methods.end()) methods.emplace_back("HEAD");
      methods.emplace_back("OPTIONS");
      return Response{.headers = {{"Allow", join(methods, ",")}}, .carries_op_id = false};
    }
    auto response = framework_error(405, request.url.path);
    response.headers.emplace_back("Allow", join(methods, ", "));
    return response;
  }
  if (!has_right_type(*found, request)) {
    auto response = framework_error(415, request.url.path);
    response.headers.emplace_back(
        "Accept", found->body == Body::bytes ? "application/octet-stream" : "application/json");
    return response;
  }
  const auto accept = request.header("Accept");
  const auto type = negotiate(accept && !trim(*accept).empty() ? *accept : "*/*", found->produces);
  if (!type) return Response{.status = 406};
  request.accepted_type = *type;
  return found;
}

}  // namespace vdk::service::http
