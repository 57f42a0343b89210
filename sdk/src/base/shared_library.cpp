#include "base/shared_library.hpp"

#include <dlfcn.h>

#include <string>
#include <system_error>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

std::filesystem::path own_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&installation_prefix), &info) != 0 &&
      info.dli_fname != nullptr && info.dli_fname[0] == '/') {
    return info.dli_fname;
  }
#if defined(__linux__)
  // Linked into the program itself, whose name is what its caller wrote.
  std::error_code failure;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (!failure) return program;
#endif
  return std::filesystem::absolute(info.dli_fname != nullptr ? info.dli_fname : "");
}

}  // namespace

SharedLibrary::SharedLibrary(const std::filesystem::path& path, bool global)
    : handle_(dlopen(path.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL))) {
  if (handle_ != nullptr) return;
  const char* reason = dlerror();
  throw configuration_error({
      .what = "The library " + path.string() + " cannot be loaded.",
      .why = reason != nullptr ? reason : "The loader gives no reason.",
      .consequence = "What this library provides cannot be used.",
      .countermeasure = "Install it for this machine's architecture, or configure the path of a "
                        "version that is installed.",
  });
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr && !keep_) dlclose(handle_);
}

void* SharedLibrary::find(const char* symbol) const noexcept { return dlsym(handle_, symbol); }

const std::filesystem::path& installation_prefix() {
  static const std::filesystem::path prefix = [] {
    const std::filesystem::path file = own_file();
    std::error_code failure;
    const std::filesystem::path real = std::filesystem::canonical(file, failure);
    return (failure ? file : real).parent_path().parent_path();
  }();
  return prefix;
}

}  // namespace vdk
