#include "duckdb_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace vdk::duckdb {
namespace {

constexpr int kOldestMajor = 2;

#if defined(__APPLE__)
constexpr const char* kLibraryName = "libduckdb.dylib";
#else
constexpr const char* kLibraryName = "libduckdb.so";
#endif

constexpr const char* kWayOut =
    "Get DuckDB 2.0 or later from https://duckdb.org/install (the C library), and put its shared "
    "library into "
    "lib/vdk of the installation, or set duckdb_library to its path.";

[[noreturn]] void throw_unusable(std::string what, std::string why) {
  throw configuration_error(
      {.what = std::move(what),
       .why = std::move(why),
       .consequence = "Connections to DuckDB databases and ingestion into them do not work.",
       .countermeasure = kWayOut});
}

// PREFIX/lib/vdk/libduckdb.so, where this module is PREFIX/lib/vdk/plugins/vdk_duckdb.so.
std::string installed_library() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&load_api), &info) == 0 || !info.dli_fname) {
    return {};
  }
  std::error_code failure;
  const auto module = std::filesystem::canonical(info.dli_fname, failure);
  if (failure) {
    return {};
  }
  const auto library = module.parent_path().parent_path() / kLibraryName;
  return std::filesystem::exists(library, failure) ? library.string() : std::string();
}

// The library inside Python's duckdb package is an extension module as well: it wants an
// interpreter's symbols, which a shared libpython has without any interpreter being started.
void* open_python_module(const std::string& path) {
  constexpr int kNewest = 15;
  constexpr int kOldest = 10;
  for (int minor = kNewest; minor >= kOldest; --minor) {
    const std::string python = "libpython3." + std::to_string(minor) + ".so.1.0";
    if (dlopen(python.c_str(), RTLD_LAZY | RTLD_GLOBAL))
      return dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  }
  return nullptr;
}

std::unique_ptr<Api> load(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::string reason;
  if (!library) {
    const char* said = dlerror();
    reason = said ? said : "The loader gives no reason.";
    if (reason.find("undefined symbol: Py") != std::string::npos ||
        reason.find("undefined symbol: _Py") != std::string::npos) {
      library = open_python_module(path);
    }
  }
  if (!library) {
    throw_unusable("DuckDB's library cannot be loaded.", reason);
  }
  auto api = std::make_unique<Api>();
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (!function) {
      missing = name;
    }
  };
  find("duckdb_library_version", api->library_version);
  if (missing) {
    throw_unusable("The library " + path + " is not DuckDB.",
                   "It has no function duckdb_library_version.");
  }
  if (auto why = why_too_old(api->library_version()); !why.empty()) {
    throw_unusable("The DuckDB library " + path + " is too old.", std::move(why));
  }
#define VDK_DUCKDB_FIND(name, result, arguments) find("duckdb_" #name, api->name);
  VDK_DUCKDB_FUNCTIONS(VDK_DUCKDB_FIND)
#undef VDK_DUCKDB_FIND
  if (missing) {
    throw_unusable("The DuckDB library " + path + " cannot be used.",
                   std::string("It is version ") + api->library_version() +
                       " and has no function " + missing + ".");
  }
  return api;
}

// "Out of Memory" is OutOfMemoryException, "INTERNAL" InternalException, and so on.
std::string class_name(std::string_view kind) {
  if (kind == "TransactionContext") {
    return "TransactionException";
  }
  std::string name;
  bool at_start = true;
  const bool shouted = kind == "INTERNAL" || kind == "INTERRUPT" || kind == "FATAL";
  for (const char c : kind) {
    if (c == ' ') {
      at_start = true;
      continue;
    }
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (at_start && is_lower) {
      name += static_cast<char>(c - ('a' - 'A'));
    } else if (!at_start && shouted && is_upper) {
      name += static_cast<char>(c + ('a' - 'A'));
    } else {
      name += c;
    }
    at_start = false;
  }
  return name + "Exception";
}

// The engine's kind of the error: what stands before " Error: ".
std::string_view kind_of(std::string_view message) {
  const auto end = message.find(" Error: ");
  const auto kind = message.substr(0, end);
  const bool plain = end != std::string_view::npos && kind.find('\n') == std::string_view::npos;
  return plain ? kind : std::string_view("DuckDB");
}

ResolvableBy blame_for(std::string_view message, DuckdbError::During during) {
  const auto kind = kind_of(message);
  const bool engine =
      kind == "INTERNAL" || kind == "FATAL" || kind == "Out of Memory" || kind == "Serialization";
  const bool disk = kind == "IO" && during == DuckdbError::During::ingestion;
  return engine || disk ? ResolvableBy::platform : ResolvableBy::user;
}

ErrorText text_of(std::string_view message, std::string consequence) {
  while (!message.empty() && message.back() == '\n') {
    message.remove_suffix(1);
  }
  const auto line_end = std::min(message.find('\n'), message.size());
  std::string_view rest = message.substr(std::min(line_end + 1, message.size()));
  while (rest.starts_with('\n')) {
    rest.remove_prefix(1);
  }
  return {.what = std::string(message.substr(0, line_end)),
          .why = std::string(rest),
          .consequence = std::move(consequence)};
}

}  // namespace

std::string why_too_old(std::string_view version) {
  int major = 0;
  const auto digits = version.substr(version.starts_with('v') ? 1 : 0);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), major);
  if (failure == std::errc() && major >= kOldestMajor) {
    return {};
  }
  return "It is version " + std::string(version) + ", and version " + std::to_string(kOldestMajor) +
         ".0 or later is needed: files that DuckDB 2 writes cannot be read by older ones.";
}

const Api& load_api(const Configuration& configuration) {
  std::string path = configuration.get_string("duckdb_library");
  if (path.empty()) {
    path = installed_library();
  }
  if (path.empty()) {
    path = kLibraryName;
  }
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Api>> loaded;
  const std::lock_guard lock(mutex);
  auto& api = loaded[path];
  if (!api) {
    api = load(path);
  }
  return *api;
}

DuckdbError::DuckdbError(std::string_view message, During during, std::string consequence)
    : Error(blame_for(message, during), text_of(message, std::move(consequence))),
      type_name_(kind_of(message) == "DuckDB" ? "Error" : class_name(kind_of(message))) {}

DuckdbError::~DuckdbError() = default;

}  // namespace vdk::duckdb
