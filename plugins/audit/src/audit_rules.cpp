#include "audit_rules.hpp"

#include <algorithm>

namespace vdk::audit {

AuditRules::AuditRules(std::string_view events, bool ends_process, int exit_code)
    : ends_process_(ends_process), exit_code_(exit_code) {
  constexpr std::string_view kBlanks = " \t\r\n";
  while (!events.empty()) {
    const std::size_t end = std::min(events.find(';'), events.size());
    std::string_view name = events.substr(0, end);
    events.remove_prefix(std::min(end + 1, events.size()));
    const std::size_t begin = name.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    name = name.substr(begin, name.find_last_not_of(kBlanks) - begin + 1);
    if (name.ends_with(".*")) {
      beginnings_.emplace_back(name.substr(0, name.size() - 1));
    } else {
      names_.emplace(name);
    }
  }
}

bool AuditRules::forbids(std::string_view event) const {
  return names_.contains(event) ||
         std::ranges::any_of(beginnings_, [event](const std::string& beginning) {
           return event.starts_with(beginning);
         });
}

}  // namespace vdk::audit
