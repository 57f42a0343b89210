#include "mail.hpp"

#include <gtest/gtest.h>

#include "notification.hpp"

namespace vdk::notifications {
namespace {

TEST(Mail, addresses_are_told_apart_and_nothing_slips_in) {
  EXPECT_EQ(addresses(" a@x.org ;b@x.org,a@x.org;; "),
            (std::vector<std::string>{"a@x.org", "b@x.org"}));
  EXPECT_EQ(addresses("a@x.org\r\nBcc: all@x.org; <evil@x.org>"), std::vector<std::string>{});
  EXPECT_EQ(addresses(""), std::vector<std::string>{});
}

TEST(Mail, a_subject_cannot_begin_another_header) {
  const std::string message = to_message({.sender = "s@x.org",
                                          .recipients = {"a@x.org"},
                                          .copies = {},
                                          .subject = "job\r\nBcc: all@x.org",
                                          .html = "x"},
                                         "today", "1@x");
  EXPECT_EQ(message.find("\r\nBcc:"), std::string::npos);
  EXPECT_NE(message.find("Subject: job  Bcc: all@x.org\r\n"), std::string::npos) << message;
}

TEST(Mail, a_subject_beyond_ascii_is_encoded_between_characters) {
  std::string subject;
  for (int i = 0; i < 30; ++i) subject += "ü";
  const std::string message = to_message(
      {.sender = "s@x.org", .recipients = {}, .copies = {}, .subject = subject, .html = ""},
      "today", "1@x");
  // 21 letters of two bytes fill the first word.
  EXPECT_NE(message.find("Subject: =?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDv"
                         "MO8?=\r\n =?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8?=\r\n"),
            std::string::npos)
      << message;
}

TEST(Mail, the_body_is_base_64_in_short_lines) {
  const std::string message = to_message({.sender = "s@x.org",
                                          .recipients = {"a@x.org"},
                                          .copies = {"c@x.org"},
                                          .subject = "s",
                                          .html = std::string(100, 'a') + "\n.\n"},
                                         "today", "1@x");
  const std::string body = message.substr(message.find("\r\n\r\n") + 4);
  EXPECT_EQ(body.find("\r\n"), 76U);
  EXPECT_TRUE(body.ends_with("YQouCg==\r\n")) << body;
}

Configuration configured(const std::vector<std::pair<std::string, std::string>>& values) {
  ConfigurationBuilder builder;
  for (const auto& [key, value] : values) builder.set(key, value, {OriginKind::command_line, "-c"});
  return std::move(builder).build();
}

TEST(Notification, recipients_and_words_follow_the_outcome) {
  const Configuration configuration = configured({
      {"notified_on_job_success", "ok@x.org"},
      {"notified_on_job_failure_user_error", "user@x.org"},
      {"notification_email_cc_list", "cc@x.org"},
      {"notification_job_log_url_pattern", "https://log/?op={op_id}&to={end_time_ms}"},
  });
  Outcome outcome{.job = "sales <daily>", .op_id = "op-1"};
  outcome.end = std::chrono::system_clock::time_point(std::chrono::hours(1));
  auto mail = compose(configuration, outcome);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->recipients, std::vector<std::string>{"ok@x.org"});
  EXPECT_EQ(mail->copies, std::vector<std::string>{"cc@x.org"});
  EXPECT_EQ(mail->subject, "[success][data job run] sales <daily>");
  EXPECT_NE(mail->html.find("sales &lt;daily&gt;"), std::string::npos);
  EXPECT_NE(mail->html.find("https://log/?op=op-1&amp;to=7200000"), std::string::npos)
      << mail->html;

  outcome.failed = true;
  outcome.resolvable_by = ResolvableBy::user;
  outcome.error = "no such column: <x>";
  mail = compose(configuration, outcome);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->subject, "[user error][data job run] sales <daily>");
  EXPECT_NE(mail->html.find("no such column: &lt;x&gt;"), std::string::npos);

  outcome.resolvable_by = ResolvableBy::configuration;
  EXPECT_FALSE(compose(configuration, outcome)) << "nobody is named for platform errors";
}

}  // namespace
}  // namespace vdk::notifications
