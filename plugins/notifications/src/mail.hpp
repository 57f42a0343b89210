// A mail as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vdk::notifications {

struct Mail {
  std::string sender;
  std::vector<std::string> recipients;
  std::vector<std::string> copies;
  std::string subject;
  std::string html;
};

// The addresses of a list that `;` separates, each once. What holds a line break or an angle
// bracket is none.
[[nodiscard]] std::vector<std::string> addresses(std::string_view list);

// The message as it goes over the wire: headers and a body of HTML, in ASCII. `date` is of the form
// "Sat, 21 Nov 2026 18:00:00 +0000".
[[nodiscard]] std::string to_message(const Mail& mail, std::string_view date,
                                     std::string_view message_id);

// Text inside of HTML.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace vdk::notifications
