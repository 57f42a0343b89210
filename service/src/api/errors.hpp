// How a request is refused: the body with four members that clients print, or an empty one.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

// Thrown by handlers; becomes the answer.
class ApiError : public std::runtime_error {
 public:
  ApiError(unsigned status, ErrorText text)
      : std::runtime_error(text.what), status_(status), text_(std::move(text)) {}
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] const ErrorText& text() const noexcept { return text_; }

 private:
  unsigned status_;
  ErrorText text_;
};

// The answer is the status alone: for what upstream's controllers decide themselves.
class EmptyAnswer : public std::runtime_error {
 public:
  explicit EmptyAnswer(unsigned status) : std::runtime_error("refused"), status_(status) {}
  [[nodiscard]] unsigned status() const noexcept { return status_; }

 private:
  unsigned status_;
};

// 400: `name` must be `rule`, and was `value`.
[[nodiscard]] ApiError bad_parameter(std::string_view name, std::string_view rule,
                                     std::string_view value);
// 400: the body is no JSON, or not the JSON that is expected.
[[nodiscard]] ApiError bad_json(std::string_view why);
// 404 with a body, as executions have it.
[[nodiscard]] ApiError no_such_job(std::string_view name);
[[nodiscard]] ApiError not_deployed(std::string_view name);

// Calls the handler and makes an answer of whatever it throws.
[[nodiscard]] http::Handler guarded(http::Handler handler);

}  // namespace vdk::service
