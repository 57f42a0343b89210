#include "http_client.hpp"

#include <array>
#include <filesystem>
#include <mutex>
#include <new>

#include <curl/curl.h>

#include "vdk/base/log.hpp"
#include "vdk/base/version.hpp"

namespace vdk::http {
namespace {

using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add(Headers& headers, const std::string& line) {
  curl_slist* const former = headers.release();
  curl_slist* const longer = curl_slist_append(former, line.c_str());
  headers.reset(longer == nullptr ? former : longer);
  if (longer == nullptr) throw std::bad_alloc();
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:  // by on_progress
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

std::string_view advice(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "Use the name that the certificate is for, or name the certificate authorities in "
             "ingest_over_http_verify.";
    case CURLE_SSL_CACERT_BADFILE:
      return "Correct ingest_over_http_verify.";
    case CURLE_SSL_CERTPROBLEM:
      return "Correct ingest_over_http_cert_file_path: a PEM file with the certificate and its "
             "key.";
    default:
      return "Check the target, and whether the service is up and reachable from here.";
  }
}

}  // namespace

NoAnswer::~NoAnswer() = default;

struct Client::Exchange {
  using Clock = std::chrono::steady_clock;

  std::chrono::seconds longest_silence{};
  std::string body;
  std::size_t body_bytes = 0;
  std::size_t header_bytes = 0;
  std::size_t moved = 0;  // in both directions
  Clock::time_point last_move = Clock::now();

  static std::size_t on_header(char* /*data*/, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.header_bytes += size * count;
    return exchange.header_bytes > kMostHeaders ? 0 : size * count;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::size_t bytes = size * count;
    exchange.body.append(data, std::min(bytes, kKeptBody - exchange.body.size()));
    exchange.body_bytes += bytes;
    return exchange.body_bytes > kMostBody ? 0 : bytes;
  }
  // Called at least once a second. While nothing was sent the connection is being made, which has a
  // time limit of its own.
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
    auto& exchange = *static_cast<Exchange*>(self);
    const Clock::time_point now = Clock::now();
    const std::size_t moved =
        static_cast<std::size_t>(sent) + exchange.header_bytes + exchange.body_bytes;
    if (moved == 0 || moved != exchange.moved) exchange.last_move = now;
    exchange.moved = moved;
    return now - exchange.last_move > exchange.longest_silence ? 1 : 0;
  }
};

Client::Client(Target target, Settings settings)
    : target_(std::move(target)), settings_(std::move(settings)) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_ = curl_easy_init();
  if (handle_ == nullptr) throw std::bad_alloc();
  configure();
}

Client::~Client() { curl_easy_cleanup(handle_); }

void Client::configure() {
  const auto set = [this](CURLoption option, auto value) {
    if (curl_easy_setopt(handle_, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  };
  const auto milliseconds = [](std::chrono::seconds time) {
    return static_cast<long>(std::chrono::milliseconds(time).count());
  };
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(settings_.connect_timeout));
  set(CURLOPT_TIMEOUT_MS, milliseconds(settings_.total_timeout));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
  set(CURLOPT_SSL_VERIFYPEER, settings_.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, settings_.verify ? 2L : 0L);
  if (!settings_.authorities.empty()) {
    const bool is_directory = std::filesystem::is_directory(settings_.authorities);
    set(CURLOPT_CAINFO, is_directory ? nullptr : settings_.authorities.c_str());
    set(CURLOPT_CAPATH, is_directory ? settings_.authorities.c_str() : nullptr);
  }
  if (!settings_.certificate.empty()) {
    set(CURLOPT_SSLCERT, settings_.certificate.c_str());
    set(CURLOPT_SSLKEY, settings_.certificate.c_str());
  }
  if (!target_.user.empty() || !target_.password.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, target_.user.c_str());
    set(CURLOPT_PASSWORD, target_.password.c_str());
  }
  set(CURLOPT_USERAGENT, ("vdk/" + std::string(version())).c_str());
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
}

Answer Client::post(const Request& request) {
  constexpr int kMostRedirections = 5;
  std::string url = target_.url;
  for (int followed = 0;; ++followed) {
    Answer answer = post_to(url, request);
    constexpr long kTemporary = 307;
    constexpr long kPermanent = 308;
    const bool repeats = answer.status == kTemporary || answer.status == kPermanent;
    const std::optional<Target> next = redirection(answer.redirect);
    if (!repeats || !next || next->origin != target_.origin || followed == kMostRedirections) {
      return answer;
    }
    url = next->url;
  }
}

Answer Client::post_to(const std::string& url, const Request& request) {
  Exchange exchange{.longest_silence = settings_.read_timeout};
  std::array<char, CURL_ERROR_SIZE> detail{};
  Headers headers(nullptr, curl_slist_free_all);
  add(headers, "Content-Type: application/octet-stream");
  add(headers, "Accept: */*");
  add(headers, "Expect:");  // no asking before the body is sent
  add(headers, "Idempotency-Key: " + std::string(request.key));
  if (request.compressed) add(headers, "Content-Encoding: gzip");
  curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers.get());
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size follows
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle_, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, detail.data());
  const CURLcode code = curl_easy_perform(handle_);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, nullptr);
  const bool cut_short = code == CURLE_WRITE_ERROR && exchange.body_bytes > kMostBody;
  if (code != CURLE_OK && !cut_short) throw failure(code, exchange, detail.data());
  Answer answer;
  curl_off_t wait = 0;
  const char* redirect = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &wait);
  curl_easy_getinfo(handle_, CURLINFO_REDIRECT_URL, &redirect);
  answer.body = std::move(exchange.body);
  if (wait > 0) answer.retry_after = std::chrono::seconds(wait);
  if (redirect != nullptr) answer.redirect = redirect;
  return answer;
}

NoAnswer Client::failure(int code_number, const Exchange& exchange, const char* detail) const {
  const auto code = static_cast<CURLcode>(code_number);
  const bool transient = may_pass(code);
  std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    why = "It was silent for " + std::to_string(settings_.read_timeout.count()) + " s";
  }
  if (code == CURLE_WRITE_ERROR && exchange.header_bytes > kMostHeaders) {
    why = "The headers of its answer are longer than " + std::to_string(kMostHeaders) + " bytes";
  }
  return {transient ? ResolvableBy::platform : ResolvableBy::configuration,
          {.what = "The service at " + target_.shown + " gave no answer.",
           .why = redact(why) + ".",
           .countermeasure = std::string(advice(code))},
          transient};
}

}  // namespace vdk::http
