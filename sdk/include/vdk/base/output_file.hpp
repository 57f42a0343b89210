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

  // Writes into a file without a name until publish(), so that nothing stays of a process that is
  // killed. A file system that has no such files gets a hidden one beside the path, which the next
  // OutputFile in that directory removes where its process has ended. Throws Error (user) where the
  // path cannot be written, or is taken by a file that stays.
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
  // Where this process can read the bytes until then.
  [[nodiscard]] std::filesystem::path partial() const;

 private:
  void name_hidden();
  [[nodiscard]] bool link_to(const std::filesystem::path& name) const;

  std::filesystem::path path_;
  std::filesystem::path directory_;
  std::filesystem::path partial_;  // the hidden name, where there is one
  Existing existing_;
  int descriptor_ = -1;
};

}  // namespace vdk
