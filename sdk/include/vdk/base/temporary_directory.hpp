// A directory for files that do not fit into memory and need names.
#pragma once

#include <filesystem>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

// Is removed, with all that is in it, by its owner's end; or, where its process was killed, by the
// next one that is made for the same purpose.
class VDK_API TemporaryDirectory {
 public:
  // In the system's directory for them, as vdk-PURPOSE-XXXXXX. Throws Error (platform).
  explicit TemporaryDirectory(std::string_view purpose);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace vdk
