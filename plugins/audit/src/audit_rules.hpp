// Which events are forbidden, and what follows.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace vdk::audit {

class AuditRules {
 public:
  // `events` is a list that semicolons separate; a name that ends in .* stands for all that begin
  // so.
  AuditRules(std::string_view events, bool ends_process, int exit_code);

  [[nodiscard]] bool forbids(std::string_view event) const;
  [[nodiscard]] bool ends_process() const noexcept { return ends_process_; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
  std::vector<std::string> beginnings_;
  bool ends_process_;
  int exit_code_;
};

}  // namespace vdk::audit
