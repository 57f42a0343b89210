// Sending a mail by SMTP.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

#include "mail.hpp"

namespace vdk::notifications {

struct MailServer {
  std::string host;
  long port = 25;
  bool use_tls = false;  // STARTTLS, or no mail
  bool verify = true;
  std::string authorities{};  // a file of them; empty: the system's
  std::string user{};         // empty: no login
  std::string password{};
  std::chrono::seconds timeout{30};
  bool log_conversation = true;  // at DEBUG, without what the login says
};

// The mail was sent to nobody.
class NotSent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~NotSent() override;
};

// Sends to all recipients and copies that the server accepts, at least one. Throws NotSent.
void send(const MailServer& server, const Mail& mail);

}  // namespace vdk::notifications
