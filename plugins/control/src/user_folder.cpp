#include "user_folder.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "ini_text.hpp"
#include "vdk/base/error.hpp"

namespace vdk::control {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultsFile = "vdk-configuration.ini";
constexpr std::string_view kSection = "defaults";

[[noreturn]] void fail(const fs::path& path, const char* what_not, int code) {
  throw user_error({.what = path.string() + " cannot be " + what_not + ".",
                    .why = std::string("The system says: ") + std::strerror(code) + ".",
                    .consequence = "The command was not carried out.",
                    .countermeasure = "Make it yours, or name another directory in "
                                      "VDK_BASE_CONFIG_FOLDER."});
}

IniText read_defaults() {
  return IniText::parse(read_file(user_folder() / kDefaultsFile).value_or(""));
}

}  // namespace

fs::path user_folder() {
  const char* base = std::getenv("VDK_BASE_CONFIG_FOLDER");
  if (base == nullptr || *base == '\0') base = std::getenv("HOME");
  if (base == nullptr || *base == '\0') {
    const passwd* entry = getpwuid(geteuid());
    base = entry != nullptr ? entry->pw_dir : "/";
  }
  return fs::path(base) / ".vdk.internal";
}

std::optional<std::string> read_file(const fs::path& file) {
  std::error_code none;
  if (!fs::exists(file, none)) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) fail(file, "read", errno);
  return text;
}

void write_user_file(std::string_view name, std::string_view text) {
  const fs::path folder = user_folder();
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) fail(folder, "made", failure.value());
  const fs::path file = folder / name;
  std::string partial = file.string() + ".XXXXXX";
  const int descriptor = mkostemp(partial.data(), O_CLOEXEC);  // 0600
  if (descriptor < 0) fail(file, "written", errno);
  std::string_view rest = text;
  int code = 0;
  while (!rest.empty() && code == 0) {
    const ssize_t written = write(descriptor, rest.data(), rest.size());
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) code = errno;
  }
  if (code == 0 && fsync(descriptor) != 0) code = errno;
  close(descriptor);
  if (code == 0 && rename(partial.c_str(), file.c_str()) != 0) code = errno;
  if (code != 0) {
    unlink(partial.c_str());
    fail(file, "written", code);
  }
}

bool remove_user_file(std::string_view name) {
  std::error_code failure;
  const fs::path file = user_folder() / name;
  const bool removed = fs::remove(file, failure);
  if (failure) fail(file, "removed", failure.value());
  return removed;
}

std::string Defaults::get(std::string_view key) {
  return read_defaults().get(kSection, key).value_or("");
}

void Defaults::set(std::string_view key, std::optional<std::string> value) {
  IniText ini = read_defaults();
  ini.set(kSection, key, std::move(value));
  write_user_file(kDefaultsFile, ini.text());
}

}  // namespace vdk::control
