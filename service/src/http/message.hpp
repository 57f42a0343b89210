// What a handler gets and what it gives: a request whose path is taken apart, and a whole response.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/url.hpp"

namespace vdk::service::http {

// Compares names of headers, whose case means nothing.
struct HeaderNameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept;
};
using Headers = std::multimap<std::string, std::string, HeaderNameLess>;

struct Request {
  std::string method;
  std::string target;  // as it came: path and query, still encoded
  Url url;             // the same, taken apart and decoded
  Headers headers;
  std::string body;
  std::string remote_address;
  bool is_secure = false;  // came through TLS
  std::string op_id;       // of X-OPID, or made for this request

  // What the route's placeholders stand for, in their order: the router fills it in.
  std::map<std::string, std::string, std::less<>> parameters;
  // The media type that the answer takes, negotiated from Accept.
  std::string accepted_type;

  // The first header of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  // A placeholder of the route; the route has it, or the program is wrong.
  [[nodiscard]] const std::string& parameter(std::string_view name) const;
  // The first value of a query parameter, or nothing.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
};

// A body that is still being made. The server asks again whenever `next` gave an empty piece, a
// little later each time and for as long as the client listens.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The next piece, an empty one where there is nothing yet, or nothing at the end. Called by one
  // thread at a time.
  virtual std::optional<std::string> next() = 0;
};

struct Response {
  unsigned status = 200;
  std::string body{};
  std::string content_type{};  // none where it is empty
  std::vector<std::pair<std::string, std::string>> headers{};
  // Sent after `body`, in chunks, where there is one.
  std::shared_ptr<BodyStream> stream{};
  // Whether the operation's id goes with it: of whatever a handler answered.
  bool carries_op_id = true;
};

using Handler = std::function<Response(const Request&)>;

// "Not Found" of 404, and so on; "Unknown" of what nobody knows.
[[nodiscard]] std::string_view reason_of(unsigned status) noexcept;

// The text with U+FFFD in the place of whatever is not UTF-8.
[[nodiscard]] std::string to_utf8(std::string_view text);

}  // namespace vdk::service::http
