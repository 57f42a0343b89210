// A file that appears whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

class VDK_API OutputFile {
 public:
  // What becomes of a file that has the name: it keeps it, or gives way.
  enum class Existing { stays, is_replaced };

  // Writes beside the path until publish(). Throws Error (user) where the path cannot be written,
  // or is taken by a file that stays.
  explicit OutputFile(std::filesystem::path path, Existing existing = Existing::stays);
  // Removes what was not published.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Throws Error (platform) where the disk is full.
  void write(std::string_view bytes);
  // Gives the file its name; it survives a power failure. Throws Error (user) where somebody else
  // has made a file of that name meanwhile which stays.
  void publish();
  // Where the bytes are until then.
  [[nodiscard]] const std::filesystem::path& partial() const noexcept { return partial_; }

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;
  Existing existing_;
  int descriptor_ = -1;
};

}  // namespace vdk
