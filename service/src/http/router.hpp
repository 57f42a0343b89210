// Which handler answers a request, decided before its body is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.hpp"

namespace vdk::service::http {

// What a body may be. `json` must say so in Content-Type; `bytes` may also leave it out.
enum class Body { none, json, bytes };

struct Route {
  std::string method;
  std::string pattern;  // "/data-jobs/for-team/{team}/jobs"
  Handler handler;
  Body body = Body::none;
  std::size_t body_limit = 0;  // in bytes; of a `none` body too, which is read and dropped
  // The media types that it answers with, the preferred one first.
  std::vector<std::string> produces = {"application/json"};
};

// Routes are added before the first request; after that any thread may ask.
class Router {
 public:
  void add(Route route);

  // The route for the request, whose `parameters` and `accepted_type` are then set, or the answer
  // to a request that no handler gets: 404, 405, 406, 415, OPTIONS.
  [[nodiscard]] std::variant<const Route*, Response> find(Request& request) const;

  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  std::vector<Route> routes_;
};

// The answer of the framework, in its own form: time, status, reason and path.
[[nodiscard]] Response framework_error(unsigned status, std::string_view path);

}  // namespace vdk::service::http
