#include "sqlite_library.hpp"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>

namespace vdk::sqlite {
namespace {

#if defined(__APPLE__)
constexpr const char* kSystemLibrary = "libsqlite3.dylib";
#else
constexpr const char* kSystemLibrary = "libsqlite3.so.0";
#endif

// SQLite's calls of itself are bound to itself first. They are most of its symbols, and each would
// be looked for in everything that the program has loaded: half of what opening the library takes.
// Sanitizers, which stand in for functions of the C library, refuse it.
#if defined(RTLD_DEEPBIND) && !defined(VDK_SANITIZED)
constexpr int kBinding = RTLD_LAZY | RTLD_DEEPBIND;
#else
constexpr int kBinding = RTLD_LAZY;
#endif

[[noreturn]] void throw_unusable(const std::string& path, std::string why) {
  throw configuration_error(
      {.what = "The SQLite library " + path + " cannot be used.",
       .why = std::move(why),
       .consequence = "Connections to SQLite databases and ingestion into them do not work.",
       .countermeasure =
           "Install SQLite (Debian: apt-get install libsqlite3-0), or set sqlite_library to the "
           "path of its shared library."});
}

std::unique_ptr<Api> load(const std::string& path) {
  void* library = dlopen(path.c_str(), kBinding | RTLD_LOCAL);
  if (!library) {
    const char* reason = dlerror();
    throw_unusable(path, reason ? reason : "The loader gives no reason.");
  }
  auto api = std::make_unique<Api>();
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto& function, bool required) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (!function && required) {
      missing = name;
    }
  };
#define VDK_SQLITE_FIND(name) find("sqlite3_" #name, api->name, true);
  VDK_SQLITE_REQUIRED(VDK_SQLITE_FIND)
#undef VDK_SQLITE_FIND
#define VDK_SQLITE_FIND(name) find("sqlite3_" #name, api->name, false);
  VDK_SQLITE_OPTIONAL(VDK_SQLITE_FIND)
#undef VDK_SQLITE_FIND
  if (missing) {
    throw_unusable(path, std::string("It has no function ") + missing + ".");
  }
  if (api->threadsafe() == 0) {
    throw_unusable(path, "It was built without support for threads.");
  }
  return api;
}

ResolvableBy blame_for(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_INTERNAL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return ResolvableBy::platform;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
      return ResolvableBy::configuration;
    default:
      return ResolvableBy::user;
  }
}

}  // namespace

const Api& load_api(const Configuration& configuration, std::string_view section) {
  std::string path = configuration.get_string("sqlite_library", section);
  if (path.empty()) {
    path = configuration.get_string("sqlite_library");
  }
  if (path.empty()) {
    path = kSystemLibrary;
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

SqliteError::SqliteError(int code, ErrorText text)
    : Error(blame_for(code), std::move(text)), code_(code) {}

SqliteError::~SqliteError() = default;

std::string SqliteError::type_name() const {
  switch (code_ & 0xff) {
    case SQLITE_INTERNAL:
    case SQLITE_NOTFOUND:
      return "InternalError";
    case SQLITE_NOMEM:
      return "MemoryError";
    case SQLITE_ERROR:
    case SQLITE_PERM:
    case SQLITE_ABORT:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_EMPTY:
    case SQLITE_SCHEMA:
      return "OperationalError";
    case SQLITE_TOOBIG:
      return "DataError";
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return "IntegrityError";
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return "InterfaceError";
    default:
      return "DatabaseError";
  }
}

}  // namespace vdk::sqlite
