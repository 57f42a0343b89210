// The OpenAPI document, and the page that shows it.
#include <algorithm>
#include <stdexcept>

#include "api/context.hpp"
#include "api/document.hpp"
#include "api/pages.hpp"

namespace vdk::service {

namespace {

// Only what this service sends, and nobody's frame.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::Response read_document(const ApiContext&, const http::Request&) {
  static const std::string text = to_json(make_api_document());
  return {.body = text, .content_type = "application/json"};
}

http::Response go_to_page(const ApiContext&, const http::Request&) {
  return {.status = 302, .headers = {{"Location", "/data-jobs/swagger-ui/index.html"}}};
}

http::Response read_page(const ApiContext&, const http::Request& request) {
  return {.body = std::string(page(request.url.segments.back())),
          .content_type = request.accepted_type + "; charset=utf-8",
          .headers = {{"Content-Security-Policy", kPagePolicy}},
          .carries_op_id = false};
}

}  // namespace

std::string_view page(std::string_view name) {
  const auto found = std::ranges::find(pages(), name, &Page::name);
  if (found == pages().end()) throw std::logic_error("there is no page " + std::string(name));
  return found->content;
}

void add_documentation_routes(http::Router& router, const ApiContext& context) {
  const RouteAdder add{router, context};
  using enum http::Body;
  const std::string folder = "/data-jobs/swagger-ui/";
  add("GET", "/data-jobs/api-docs", read_document, none);
  add("GET", "/data-jobs/swagger-ui.html", go_to_page, none, "text/html");
  add("GET", folder + "index.html", read_page, none, "text/html");
  add("GET", folder + "page.js", read_page, none, "text/javascript");
  add("GET", folder + "page.css", read_page, none, "text/css");
}

}  // namespace vdk::service
