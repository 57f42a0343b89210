#include "notification.hpp"

#include <string_view>

namespace vdk::notifications {

namespace {

void fill(std::string& text, std::string_view name, std::string_view value) {
  const std::string marker = '{' + std::string(name) + '}';
  for (std::size_t at = text.find(marker); at != std::string::npos; at = text.find(marker, at)) {
    text.replace(at, marker.size(), value);
    at += value.size();
  }
}

std::string milliseconds(std::chrono::system_clock::time_point time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

}  // namespace

std::string log_link(std::string pattern, const Outcome& outcome) {
  fill(pattern, "op_id", outcome.op_id);
  fill(pattern, "start_time_ms", milliseconds(outcome.end - std::chrono::hours(24)));
  fill(pattern, "end_time_ms", milliseconds(outcome.end + std::chrono::hours(1)));
  return pattern;
}

std::optional<Mail> compose(const Configuration& configuration, const Outcome& outcome) {
  const bool of_user = outcome.failed && outcome.resolvable_by == ResolvableBy::user;
  const std::string_view result = !outcome.failed ? "success"
                                  : of_user       ? "user error"
                                                  : "platform error";
  const std::string_view key = !outcome.failed ? "notified_on_job_success"
                               : of_user       ? "notified_on_job_failure_user_error"
                                               : "notified_on_job_failure_platform_error";
  Mail mail{.sender = configuration.get_string("notification_sender"),
            .recipients = addresses(configuration.get_string(key)),
            .copies = addresses(configuration.get_string("notification_email_cc_list")),
            .subject = "[" + std::string(result) + "][data job run] " + outcome.job,
            .html = {}};
  if (mail.recipients.empty()) return std::nullopt;
  mail.html = "<p>The run of the data job <b>" + escape_html(outcome.job) + "</b> " +
              (outcome.failed ? "failed" : "ended well") + ".</p>\n";
  if (of_user) {
    mail.html +=
        "<p>It needs to be corrected in the job:</p>\n<p>" + escape_html(outcome.error) + "</p>\n";
  } else if (outcome.failed) {
    mail.html +=
        "<p>The cause is not the job but the platform that it runs on. Those who operate it have "
        "been notified, or should be; nothing in the job needs to be changed.</p>\n";
  }
  const std::string link =
      log_link(configuration.get_string("notification_job_log_url_pattern"), outcome);
  if (!link.empty()) {
    const std::string escaped = escape_html(link);
    mail.html += "<p>The log: <a href=\"" + escaped + "\">" + escaped + "</a></p>\n";
  }
  return mail;
}

}  // namespace vdk::notifications
