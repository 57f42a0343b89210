// The project that `vdk plugin create` writes.
#pragma once

#include <string>
#include <vector>

namespace vdk {

struct TemplateFile {
  std::string path;  // relative to the project's directory
  std::string content;
  bool executable = false;
};

// Every file of a plugin of that name, which is an identifier in lower case.
[[nodiscard]] std::vector<TemplateFile> plugin_template(const std::string& name);

}  // namespace vdk
