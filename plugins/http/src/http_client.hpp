// One connection to a service, which takes requests one after another.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http_settings.hpp"
#include "vdk/base/error.hpp"

namespace vdk::http {

struct Answer {
  long status = 0;
  std::string body;  // its first bytes
  std::optional<std::chrono::seconds> retry_after;
  std::string redirect;  // where it points to, if anywhere
};

// There is no answer, or not all of it.
class NoAnswer : public Error {
 public:
  NoAnswer(ResolvableBy by, ErrorText text, bool transient)
      : Error(by, std::move(text)), transient_(transient) {}
  ~NoAnswer() override;
  [[nodiscard]] bool is_transient() const noexcept override { return transient_; }

 private:
  bool transient_;
};

struct Request {
  std::string_view body;
  bool compressed = false;  // with gzip
  std::string_view key;     // of its idempotency
};

// Time, the headers and the body of an answer are bounded. Credentials go to the target's own
// origin only: redirections are answers, except those of status 307 and 308 within the origin,
// which are followed.
class Client {
 public:
  static constexpr std::size_t kMostBody = 1U << 20U;  // what is read of an answer
  static constexpr std::size_t kKeptBody = 4U << 10U;  // what is kept
  static constexpr std::size_t kMostHeaders = 64U << 10U;

  Client(Target target, Settings settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Throws NoAnswer.
  [[nodiscard]] Answer post(const Request& request);

 private:
  struct Exchange;
  [[nodiscard]] Answer post_to(const std::string& url, const Request& request);
  [[nodiscard]] NoAnswer failure(int code_number, const Exchange& exchange,
                                 const char* detail) const;
  void configure();

  const Target target_;
  const Settings settings_;
  void* handle_;
};

}  // namespace vdk::http
