// A file that appears whole or not at all, and never takes another's place.
#pragma once

#include <filesystem>
#include <string_view>

namespace vdk {

class OutputFile {
 public:
  // Writes beside the path until publish(). Throws Error (user) where the path exists or cannot be
  // written.
  explicit OutputFile(std::filesystem::path path);
  // Removes what was not published.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Throws Error (platform) where the disk is full.
  void write(std::string_view bytes);
  // Gives the file its name; it survives a power failure. Throws Error (user) where somebody else
  // has made a file of that name meanwhile.
  void publish();

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;
  int descriptor_ = -1;
};

}  // namespace vdk
