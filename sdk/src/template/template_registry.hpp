// Templates: data jobs that plugins bring along and that run inside another job (specification: sdk
// 7).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "vdk/base/export.hpp"

namespace vdk {

class VDK_API TemplateRegistry {
 public:
  // A later registration of a name for a database replaces the former one, with a warning where the
  // directory differs.
  void add(std::string_view name, std::filesystem::path directory,
           std::string_view database = "default");
  // Throws Error (user) that lists the known templates where there is none of that name.
  [[nodiscard]] const std::filesystem::path& directory_of(std::string_view name,
                                                          std::string_view database) const;

 private:
  std::map<std::pair<std::string, std::string>, std::filesystem::path>
      templates_;  // (database, name)
};

}  // namespace vdk
