// The commands that a manifest declares, unread until somebody asks for them.
#pragma once

#include <string>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk {

// A plugin's commands may be longer than everything else that all plugins say, and a run needs none
// of them: their names are known without reading the rest.
class DeclaredCommands {
 public:
  DeclaredCommands() = default;
  explicit DeclaredCommands(const Value& packed);

  // What takes the place of the manifest's list `declared` where it is kept.
  [[nodiscard]] static Value pack(const Value& declared);

  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  // The list as the manifest has it.
  [[nodiscard]] Value::List read() const;

 private:
  std::vector<std::string> names_;
  std::string bytes_;
};

}  // namespace vdk
