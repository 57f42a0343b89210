#include "http_call.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include <curl/curl.h>

#include "ini_text.hpp"
#include "vdk/base/backoff.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::control {
namespace {

constexpr std::size_t kMostBody = std::size_t{256} << 20U;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add(Headers& headers, const std::string& line) {
  curl_slist* const former = headers.release();
  curl_slist* const longer = curl_slist_append(former, line.c_str());
  headers.reset(longer == nullptr ? former : longer);
  if (longer == nullptr) throw std::bad_alloc();
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

struct Exchange {
  const HttpRequest& request;
  HttpAnswer answer{};
  std::exception_ptr failure{};  // of the sink: libcurl's own code must not be unwound

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    HttpAnswer& answer = static_cast<Exchange*>(self)->answer;
    const std::string_view line(data, size * count);
    const std::size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      const std::size_t blank = line.find(' ');
      answer.status = blank == std::string_view::npos ? 0 : std::strtol(&line[blank], nullptr, 10);
      answer.headers.clear();
    } else if (colon != std::string_view::npos) {
      answer.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    return size * count;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    HttpAnswer& answer = exchange.answer;
    const std::string_view bytes(data, size * count);
    if (exchange.request.sink && answer.status == 200 &&
        answer.header("content-type").starts_with("text/plain")) {
      try {
        exchange.request.sink(answer, bytes);
      } catch (...) {
        exchange.failure = std::current_exception();
        return 0;
      }
      return bytes.size();
    }
    if (answer.body.size() + bytes.size() > kMostBody) return 0;
    answer.body += bytes;
    return bytes.size();
  }
};

bool was_not_connected(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT;
}

[[noreturn]] void fail(const HttpRequest& request, CURLcode code, const char* detail) {
  const std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  const std::string_view url = request.url;
  const std::size_t path = url.find('/', url.find("://") + 3);
  const bool certificate =
      code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
  throw platform_error(
      {.what = "The service at " + std::string(url.substr(0, path)) + " gave no answer.",
       .why = redact(why) + ".",
       .consequence = "Whether the request was carried out is not known.",
       .countermeasure =
           certificate
               ? "Use the name that its certificate is for, or name the certificate "
                 "authorities in VDK_CONTROL_HTTP_VERIFY_SSL."
               : "Check the address (-u, or vdk set-default -u URL) and whether the service "
                 "runs; a service of your own is started by: vdk server --install"});
}

HttpAnswer call_once(const HttpSettings& settings, const HttpRequest& request, CURLcode& code,
                     std::array<char, CURL_ERROR_SIZE>& detail) {
  const Handle handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) throw std::bad_alloc();
  const auto set = [&handle](CURLoption option, auto value) {
    if (curl_easy_setopt(handle.get(), option, value) == CURLE_OUT_OF_MEMORY)
      throw std::bad_alloc();
  };
  Exchange exchange{.request = request};
  Headers headers(nullptr, curl_slist_free_all);
  for (const std::string& line : request.headers) add(headers, line);
  add(headers, "Expect:");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.read_timeout.count()));
  set(CURLOPT_SSL_VERIFYPEER, settings.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, settings.verify ? 2L : 0L);
  if (!settings.authorities.empty()) {
    const bool is_directory = std::filesystem::is_directory(settings.authorities);
    set(is_directory ? CURLOPT_CAPATH : CURLOPT_CAINFO, settings.authorities.c_str());
  }
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(CURLOPT_HTTPHEADER, headers.get());
  if (request.method != "GET") {
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size follows
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_ERRORBUFFER, detail.data());
  code = curl_easy_perform(handle.get());
  if (exchange.failure) std::rethrow_exception(exchange.failure);
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &exchange.answer.status);
  return std::move(exchange.answer);
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string() : found->second;
}

HttpAnswer call(const HttpSettings& settings, const HttpRequest& request) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  using namespace std::chrono_literals;
  Backoff backoff({.attempts = settings.attempts, .first = 200ms, .factor = 2, .longest = 5000ms});
  const bool repeatable = request.method != "POST" && request.method != "PATCH" && !request.sink;
  for (;;) {
    CURLcode code = CURLE_OK;
    std::array<char, CURL_ERROR_SIZE> detail{};
    HttpAnswer answer = call_once(settings, request, code, detail);
    const bool busy = code == CURLE_OK && answer.status >= 502 && answer.status <= 504;
    if (code == CURLE_OK && !(busy && repeatable)) return answer;
    const bool helps = busy || was_not_connected(code);
    const auto pause = helps ? backoff.next() : std::nullopt;
    if (!pause) {
      if (code == CURLE_OK) return answer;
      fail(request, code, detail.data());
    }
    std::this_thread::sleep_for(*pause);
  }
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return encoded;
}

}  // namespace vdk::control
