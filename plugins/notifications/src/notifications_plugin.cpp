// Mails at the end of a run, by upstream's configuration keys.
#include <algorithm>

#include "mail_client.hpp"
#include "notification.hpp"
#include "vdk/plugin.hpp"

namespace {

using vdk::notifications::Mail;
using vdk::notifications::MailServer;
using vdk::notifications::NotSent;
using vdk::notifications::Outcome;

constexpr std::string_view kLogger = "vdk.notifications";

MailServer server_of(const vdk::Configuration& configuration) {
  MailServer server{
      .host = configuration.get_string("notification_smtp_host"),
      .port = static_cast<long>(configuration.get_integer("notification_smtp_port")),
      .use_tls = configuration.get_bool("notification_smtp_use_tls"),
      .user = configuration.get_string("notification_smtp_login_username"),
      .password = configuration.get_string("notification_smtp_login_password"),
      .timeout =
          std::chrono::seconds(configuration.get_integer("notification_smtp_timeout_seconds")),
      .log_conversation = configuration.get_integer("notification_smtp_debug_level") > 0};
  const std::string verify = configuration.get_string("notification_smtp_verify");
  std::string word = verify;
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (word == "false" || word == "0" || word == "no") {
    server.verify = false;
  } else if (word != "true" && word != "1" && word != "yes") {
    server.authorities = verify;
  }
  return server;
}

// A mail that cannot be sent is no failure of the run.
void try_to_send(const MailServer& server, const Mail& mail) {
  try {
    vdk::notifications::send(server, mail);
  } catch (const NotSent& failure) {
    vdk::log(vdk::LogLevel::warning, kLogger,
             "The notification of this run could not be sent: " + std::string(failure.what()) +
                 ". The run itself is not affected. Check notification_smtp_host and the keys "
                 "beside it.");
  }
}

class NotificationsPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    vdk::HookDispatcher& hooks = contributions.hooks();
    hooks.initialize_job.add("notifications", [this](vdk::JobContext& job) {
      if (job.template_name().empty()) {
        outcome_.job = job.name();
        outcome_.op_id = job.op_id();
        configuration_ = job.configuration();
      }
      return std::nullopt;
    });
    hooks.vdk_exception.add("notifications",
                            [this](const vdk::Error& error) -> std::optional<bool> {
                              outcome_.resolvable_by = error.resolvable_by();
                              outcome_.error = vdk::redact(error.what());
                              return std::nullopt;
                            });
    hooks.vdk_exit.add("notifications", [this](int exit_code) {
      if (configuration_) notify(exit_code);
      return std::nullopt;
    });
  }

 private:
  void notify(int exit_code) {
    std::string log_config = configuration_->get_string("log_config");
    const bool is_local = log_config == "LOCAL" || log_config == "local";
    if (is_local && !configuration_->get_bool("notification_enabled")) return;
    outcome_.failed = exit_code != 0;
    outcome_.end = std::chrono::system_clock::now();
    if (const auto mail = vdk::notifications::compose(*configuration_, outcome_)) {
      try_to_send(server_of(*configuration_), *mail);
    }
  }

  Outcome outcome_;
  std::optional<vdk::Configuration> configuration_;  // of the job, once there is one
};

}  // namespace

VDK_PLUGIN(NotificationsPlugin)
