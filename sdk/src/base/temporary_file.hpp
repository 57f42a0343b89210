// A file for what does not fit into memory.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

namespace vdk {

// Has no name: it is gone with this object, or with the process.
class TemporaryFile {
 public:
  // In the system's directory for them. Throws Error (platform).
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  // Opens the file again, from its start, as long as this object lives and in this process alone.
  [[nodiscard]] std::filesystem::path path() const;
  // Throws Error (platform).
  void write(std::string_view bytes);
  // Writes all that another descriptor gives.
  void write_from(int descriptor);

 private:
  int descriptor_;
};

}  // namespace vdk
