#include "http/message.hpp"

#include <algorithm>
#include <stdexcept>

#include "vdk/base/utf8.hpp"

namespace vdk::service::http {

namespace {

constexpr char lower_ascii(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool HeaderNameLess::operator()(std::string_view a, std::string_view b) const noexcept {
  return std::ranges::lexicographical_compare(
      a, b, [](char x, char y) { return lower_ascii(x) < lower_ascii(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

const std::string& Request::parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  if (found == parameters.end()) throw std::logic_error("the route has no such placeholder");
  return found->second;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const auto& [key, value] : url.query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string to_utf8(std::string_view text) {
  std::string result;
  while (const auto bad = find_invalid_utf8(text)) {
    result += text.substr(0, *bad);
    result += "\xEF\xBF\xBD";
    text.remove_prefix(*bad + 1);
  }
  return result += text;
}

std::string_view reason_of(unsigned status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace vdk::service::http
