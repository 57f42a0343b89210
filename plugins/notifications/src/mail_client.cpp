#include "mail_client.hpp"

#include <unistd.h>

#include <array>
#include <ctime>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>

#include <curl/curl.h>

#include "vdk/base/log.hpp"

namespace vdk::notifications {

namespace {

constexpr std::string_view kLogger = "vdk.notifications";

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add(List& list, const std::string& entry) {
  curl_slist* const former = list.release();
  curl_slist* const longer = curl_slist_append(former, entry.c_str());
  list.reset(longer == nullptr ? former : longer);
  if (longer == nullptr) throw std::bad_alloc();
}

// The message, piece by piece, as libcurl asks for it.
struct Upload {
  std::string_view left;

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& upload = *static_cast<Upload*>(self);
    const std::size_t taken = upload.left.copy(buffer, size * count);
    upload.left.remove_prefix(taken);
    return taken;
  }
};

// The conversation, for the DEBUG log. What follows AUTH is secret.
int on_debug(CURL*, curl_infotype type, char* data, std::size_t size, void*) {
  if (type != CURLINFO_HEADER_IN && type != CURLINFO_HEADER_OUT) return 0;
  std::string_view line(data, size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  static thread_local bool logging_in = false;
  const bool ours = type == CURLINFO_HEADER_OUT;
  if (ours && line.starts_with("AUTH")) logging_in = true;
  if (!ours && !line.starts_with('3')) logging_in = false;
  log(LogLevel::debug, kLogger,
      std::string(ours ? "> " : "< ") + (ours && logging_in ? "***" : std::string(line)));
  return 0;
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  // In English, whatever the locale is.
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 40> rest{};
  std::strftime(rest.data(), rest.size(), "%Y %H:%M:%S +0000", &parts);
  const std::string day = std::to_string(parts.tm_mday);
  return std::string(kDays[static_cast<std::size_t>(parts.tm_wday)]) + ", " + day + ' ' +
         kMonths[static_cast<std::size_t>(parts.tm_mon)] + ' ' + rest.data();
}

std::string message_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return "vdk." + std::to_string(now) + '.' + std::to_string(getpid()) + "@localhost";
}

}  // namespace

NotSent::~NotSent() = default;

void send(const MailServer& server, const Mail& mail) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Handle handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) throw std::bad_alloc();
  const auto set = [&handle](CURLoption option, auto value) {
    if (curl_easy_setopt(handle.get(), option, value) == CURLE_OUT_OF_MEMORY)
      throw std::bad_alloc();
  };

  List recipients(nullptr, curl_slist_free_all);
  for (const auto* list : {&mail.recipients, &mail.copies}) {
    for (const std::string& address : *list) add(recipients, '<' + address + '>');
  }
  const std::string message = to_message(mail, date_now(), message_id());
  Upload upload{message};
  std::array<char, CURL_ERROR_SIZE> detail{};
  const std::string url = "smtp://" + server.host + ':' + std::to_string(server.port);
  const std::string sender = '<' + mail.sender + '>';

  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "smtp");
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_TIMEOUT, static_cast<long>(server.timeout.count()));
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_USE_SSL, static_cast<long>(server.use_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, server.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, server.verify ? 2L : 0L);
  if (!server.authorities.empty()) set(CURLOPT_CAINFO, server.authorities.c_str());
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.c_str());
  }
  set(CURLOPT_MAIL_FROM, sender.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &Upload::read);
  set(CURLOPT_READDATA, &upload);
  if (server.log_conversation && log_enabled(LogLevel::debug)) {
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, &on_debug);
  }

  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) return;
  throw NotSent(detail[0] != '\0' ? detail.data() : curl_easy_strerror(code));
}

}  // namespace vdk::notifications
