// A shared library opened at run time.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace vdk {

class SharedLibrary {
 public:
  // Throws Error (configuration) with the loader's own reason.
  explicit SharedLibrary(const std::filesystem::path& path, bool global = false);
  SharedLibrary(SharedLibrary&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  SharedLibrary& operator=(SharedLibrary&&) = delete;
  ~SharedLibrary();

  // Null where there is no such symbol.
  [[nodiscard]] void* find(const char* symbol) const noexcept;

 private:
  void* handle_;
};

// The directory into which this very program is installed: PREFIX of PREFIX/lib/libvdk.so.
[[nodiscard]] std::filesystem::path installation_prefix();

}  // namespace vdk
