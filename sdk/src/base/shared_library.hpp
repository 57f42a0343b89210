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
  SharedLibrary(SharedLibrary&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), keep_(other.keep_) {}
  SharedLibrary& operator=(SharedLibrary&&) = delete;
  ~SharedLibrary();

  // Never unloads the library: objects, exceptions and threads of it may outlive this one.
  void keep_forever() noexcept { keep_ = true; }

  // Null where there is no such symbol.
  [[nodiscard]] void* find(const char* symbol) const noexcept;

 private:
  void* handle_;
  bool keep_ = false;
};

// The directory into which this very program is installed: PREFIX of PREFIX/lib/libvdk.so.
[[nodiscard]] const std::filesystem::path& installation_prefix();

}  // namespace vdk
