#include "http_settings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string_view>

#include <curl/curl.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk::http {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "ingest_over_http_";

std::string key_of(std::string_view name) { return std::string(kPrefix) += name; }

Error bad_value(const std::string& key, const std::string& value, const std::string& wanted) {
  return configuration_error({.what = key + " must be " + wanted + ", and is '" + value + "'.",
                              .consequence = "Rows cannot be sent over HTTP.",
                              .countermeasure = "Correct " + key + ", or remove it."});
}

std::int64_t integer_from(const Configuration& configuration, const std::string& key,
                          std::int64_t least, std::int64_t most) {
  const std::int64_t value = configuration.get_integer(key);
  if (value < least || value > most) {
    throw bad_value(key, std::to_string(value),
                    "from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

std::chrono::seconds timeout(const Configuration& configuration, std::string_view name) {
  constexpr std::int64_t kDay = 86'400;
  return std::chrono::seconds(integer_from(configuration, key_of(name), 1, kDay));
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

void read_verify(const Configuration& configuration, Settings& settings) {
  const std::string key = key_of("verify");
  const std::string value = configuration.get_string(key);
  const std::string word = lower(value);
  constexpr std::string_view kYes[] = {"", "true", "yes", "y", "1"};
  constexpr std::string_view kNo[] = {"false", "no", "n", "0"};
  if (std::ranges::find(kYes, word) != std::end(kYes)) return;
  if (std::ranges::find(kNo, word) != std::end(kNo)) {
    settings.verify = false;
    return;
  }
  std::error_code failure;
  if (!fs::exists(value, failure)) {
    throw bad_value(key, value, "true, false or the path of certificate authorities");
  }
  settings.authorities = value;
}

std::vector<long> statuses(const std::string& key, std::string_view list) {
  std::vector<long> codes;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word.empty()) continue;
    long code = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), code);
    constexpr long kLeast = 400;
    constexpr long kMost = 599;
    if (error != std::errc() || end != word.data() + word.size() || code < kLeast || code > kMost) {
      throw bad_value(key, std::string(word), "a list of status codes from 400 to 599");
    }
    codes.push_back(code);
  }
  return codes;
}

BackoffRules read_retries(const Configuration& configuration) {
  constexpr std::int64_t kMostRetries = 1000;
  constexpr double kLongest = 15;
  BackoffRules rules;
  rules.attempts =
      1 + static_cast<int>(integer_from(configuration, key_of("retry_total"), 0, kMostRetries));
  rules.factor = 2;
  rules.longest = std::chrono::seconds(static_cast<int>(kLongest));
  const std::string key = key_of("retry_backoff_factor");
  const Value value = configuration.get(key);
  const double* seconds = value.if_real();
  if (seconds == nullptr || !(*seconds >= 0)) {
    throw bad_value(key, to_json(value), "a number of seconds, not below 0");
  }
  rules.first =
      std::chrono::milliseconds(std::llround(std::min(*seconds, kLongest) * 1000));  // in ms
  return rules;
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
  return text;
}

Error bad_target(std::string why) {
  return configuration_error(
      {.what = "The target of rows that are sent over HTTP is no URL.",
       .why = std::move(why),
       .consequence = "Rows were not sent.",
       .countermeasure = "Pass target=\"https://...\", or set ingest_target_default."});
}

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url open_url(const std::string& text) {
  if (text.empty()) throw bad_target("There is none.");
  if (text.find('\0') != std::string::npos) throw bad_target("It holds a NUL byte.");
  Url url(curl_url(), curl_url_cleanup);
  const CURLUcode code =
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) throw bad_target(curl_url_strerror(code));
  return url;
}

void hide_secrets(CURLU* url) {
  // A user alone is a token.
  const bool has_password = !part_of(url, CURLUPART_PASSWORD).empty();
  const CURLUPart secret = has_password ? CURLUPART_PASSWORD : CURLUPART_USER;
  add_secret(part_of(url, secret));
  add_secret(part_of(url, secret, CURLU_URLDECODE));
  add_secret(part_of(url, CURLUPART_QUERY));
}

// Leaves the URL without what is not to be shown.
Target read_target(CURLU* url) {
  Target target;
  target.user = part_of(url, CURLUPART_USER, CURLU_URLDECODE);
  target.password = part_of(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    throw bad_target("Its scheme is " + scheme + ", not http or https.");
  }
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT}) {
    curl_url_set(url, part, nullptr, 0);
  }
  target.url = part_of(url, CURLUPART_URL);
  target.origin = scheme + "://" + lower(part_of(url, CURLUPART_HOST)) + ":" +
                  part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  curl_url_set(url, CURLUPART_QUERY, nullptr, 0);
  target.shown = part_of(url, CURLUPART_URL);
  return target;
}

}  // namespace

Settings read_settings(const Configuration& configuration) {
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 30U;
  Settings settings;
  settings.connect_timeout = timeout(configuration, "connect_timeout_seconds");
  settings.read_timeout = timeout(configuration, "read_timeout_seconds");
  settings.total_timeout = timeout(configuration, "total_timeout_seconds");
  read_verify(configuration, settings);
  settings.certificate = configuration.get_string(key_of("cert_file_path"));
  std::error_code failure;
  if (!settings.certificate.empty() && !fs::exists(settings.certificate, failure)) {
    throw bad_value(key_of("cert_file_path"), settings.certificate, "the path of a PEM file");
  }
  const std::string threshold = key_of("compression_threshold_bytes");
  if (configuration.get_integer(threshold) != 0) {
    settings.compress_from =
        static_cast<std::size_t>(integer_from(configuration, threshold, 1, kMostBytes));
  }
  const std::string encoding = lower(configuration.get_string(key_of("compression_encoding")));
  if (encoding.starts_with("utf-16") || encoding.starts_with("utf-32") ||
      encoding.starts_with("utf16") || encoding.starts_with("utf32")) {
    throw bad_value(key_of("compression_encoding"), encoding, "utf-8");
  }
  settings.retries = read_retries(configuration);
  settings.patience = std::chrono::seconds(configuration.get_integer("ingest_retry_seconds"));
  const std::string list = key_of("retry_status_forcelist");
  settings.retried_statuses = statuses(list, configuration.get_string(list));
  settings.allow_nan = configuration.get_bool(key_of("allow_nan"));
  settings.request_bytes = static_cast<std::size_t>(
      integer_from(configuration, "ingester_payload_size_bytes_threshold", 1, kMostBytes));
  return settings;
}

Target parse_target(const std::string& target) {
  const Url url = open_url(target);
  hide_secrets(url.get());
  return read_target(url.get());
}

std::optional<Target> redirection(const std::string& address) {
  if (address.empty()) return std::nullopt;
  try {
    return read_target(open_url(address).get());
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace vdk::http
