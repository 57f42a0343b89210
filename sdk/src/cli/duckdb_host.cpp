#include "cli/duckdb_host.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "base/file.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "config/sources.hpp"
#include "hooks/python_environment.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEngine = "duckdb";
constexpr std::string_view kLibraryOption = "duckdb_library";
#if defined(__APPLE__)
constexpr const char* kLibrary = "libduckdb.dylib";
#else
constexpr const char* kLibrary = "libduckdb.so";
#endif

// Everything that may choose an engine, in one text: the words, values of the environment, and the
// config.ini of the directories that are meant.
std::string what_may_choose(const std::vector<std::string>& arguments) {
  std::string text;
  std::vector<fs::path> files{"config.ini"};
  for (const std::string& word : arguments) {
    text += word + '\n';
    std::error_code failure;
    if (fs::is_directory(word, failure)) files.push_back(fs::path(word) / "config.ini");
  }
  for (const auto& [name, value] : process_environment()) {
    const std::string option = lower(name);
    if (option.ends_with("db_default_type") || option.ends_with("ingest_method_default") ||
        option.ends_with(kLibraryOption)) {
      text += option + '=' + value + '\n';
    }
  }
  for (const fs::path& file : files) {
    try {
      text += read_file_if_exists(file).value_or("");
    } catch (const Error&) {
      // Who reads it for what it says complains.
    }
  }
  return lower(text);
}

bool has_library() {
  std::error_code failure;
  if (fs::exists(installation_prefix() / "lib" / "vdk" / kLibrary, failure)) return true;
  return dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL) != nullptr;  // it stays for who needs it
}

bool has_python_host() {
  std::error_code failure;
  if (!fs::exists(installation_prefix() / "lib" / "vdk" / "python" / "vdk" / "host" / "entry.py",
                  failure)) {
    return false;
  }
  try {
    (void)find_interpreter();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool needs_python_for_duckdb(const std::vector<std::string>& arguments) {
  const std::string text = what_may_choose(arguments);
  return text.find(kEngine) != std::string::npos &&
         text.find(kLibraryOption) == std::string::npos && !has_library() && has_python_host();
}

}  // namespace vdk
