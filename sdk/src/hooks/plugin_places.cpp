#include "hooks/plugin_places.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "base/value_bytes.hpp"
#include "hooks/declared_commands.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kCacheFormat = "3";

fs::path user_directory() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/') {
    return fs::path(data) / "vdk" / "plugins";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return {};
  return fs::path(home) / ".local" / "share" / "vdk" / "plugins";
}

// Changes with the file's content, and of a directory with the names in it.
std::string stamp(const fs::path& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return "absent";
#if defined(__APPLE__)
  const timespec changed = info.st_mtimespec;
#else
  const timespec changed = info.st_mtim;
#endif
  return fmt::format("{}.{}.{}.{}", info.st_ino, info.st_size, changed.tv_sec, changed.tv_nsec);
}

std::vector<FoundManifest> list_files(const PluginPlace& place) {
  if (place.path.extension() == ".json") return {{.source = place.source, .file = place.path}};
  std::vector<FoundManifest> found;
  std::error_code failure;
  for (fs::directory_iterator entry(place.path, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() != ".json") continue;
    found.push_back({.source = place.source, .file = entry->path()});
  }
  std::ranges::sort(found, {}, &FoundManifest::file);
  return found;
}

void read(FoundManifest& manifest) {
  try {
    const auto text = read_file_if_exists(manifest.file);
    if (!text) {
      manifest.fault = "There is no such file.";
      return;
    }
    manifest.content = parse_json(*text);
    if (!manifest.content.if_map()) manifest.fault = "It is no JSON object.";
    if (const Value* commands = manifest.content.find("commands")) {
      manifest.content.set("commands", DeclaredCommands::pack(*commands));
    }
  } catch (const Error& error) {
    manifest.fault = error.what();
  }
}

// What was found the last time, where nothing has changed since.
std::optional<std::vector<FoundManifest>> recall(const Value& known,
                                                 const std::vector<PluginPlace>& places) {
  const Value* format = known.find("format");
  const Value* stamps = known.find("places");
  const Value* manifests = known.find("manifests");
  if (!format || *format != Value(kCacheFormat) || !stamps || !stamps->if_list() || !manifests ||
      !manifests->if_list() || stamps->if_list()->size() != places.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Value& seen = (*stamps->if_list())[i];
    const Value* path = seen.find("path");
    const Value* then = seen.find("stamp");
    if (!path || *path != Value(places[i].path.string()) || !then ||
        *then != Value(stamp(places[i].path))) {
      return std::nullopt;
    }
  }
  std::vector<FoundManifest> found;
  for (const Value& entry : *manifests->if_list()) {
    const Value* place = entry.find("place");
    const Value* file = entry.find("file");
    const Value* then = entry.find("stamp");
    const Value* content = entry.find("content");
    if (!place || !place->if_integer() || !file || !file->if_string() || !then || !content) {
      return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(*place->if_integer());
    if (index >= places.size() || *then != Value(stamp(*file->if_string()))) return std::nullopt;
    found.push_back(
        {.source = places[index].source, .file = *file->if_string(), .content = *content});
  }
  return found;
}

}  // namespace

std::string_view to_string(PluginSource source) noexcept {
  switch (source) {
    case PluginSource::path_variable:
      return "VDK_PLUGIN_PATH";
    case PluginSource::environment:
      return "environment";
    case PluginSource::user:
      return "user";
    case PluginSource::system:
      return "system";
    case PluginSource::installation:
      break;
  }
  return "installation";
}

std::vector<PluginPlace> plugin_places(const PythonEnvironment& environment) {
  std::vector<PluginPlace> places;
  if (const char* variable = std::getenv("VDK_PLUGIN_PATH"); variable != nullptr) {
    for (const std::string& directory : split(variable, ':')) {
      if (!directory.empty()) {
        places.push_back({PluginSource::path_variable, fs::absolute(directory).lexically_normal()});
      }
    }
  }
  for (const NativePluginEntry& entry : environment.native_plugins) {
    places.push_back({PluginSource::environment, entry.manifest});
  }
  if (fs::path user = user_directory(); !user.empty()) {
    places.push_back({PluginSource::user, std::move(user)});
  }
  const fs::path own = installation_prefix() / "lib" / "vdk" / "plugins";
  for (const char* directory : {"/usr/local/lib/vdk/plugins", "/usr/lib/vdk/plugins"}) {
    if (own != directory) places.push_back({PluginSource::system, directory});
  }
  places.push_back({PluginSource::installation, own});
  return places;
}

std::vector<FoundManifest> find_manifests(const std::vector<PluginPlace>& places) {
  std::string name;
  for (const PluginPlace& place : places) name += place.path.string() + '\n';
  const fs::path cache = local_state_directory() / "cache" /
                         fmt::format("plugins-{:016x}", std::hash<std::string>{}(name));
  try {
    if (const auto bytes = read_file_if_exists(cache)) {
      if (auto known = from_bytes(*bytes)) {
        if (auto found = recall(*known, places)) return *std::move(found);
      }
    }
  } catch (const std::exception&) {
    // A damaged cache is made anew.
  }

  std::vector<FoundManifest> found;
  Value::List stamps;
  Value::List manifests;
  bool whole = true;
  for (std::size_t i = 0; i < places.size(); ++i) {
    stamps.push_back(
        Value::Map{{"path", places[i].path.string()}, {"stamp", stamp(places[i].path)}});
    for (FoundManifest& manifest : list_files(places[i])) {
      std::string seen = stamp(manifest.file);
      read(manifest);
      whole = whole && manifest.fault.empty();
      manifests.push_back(Value::Map{{"place", static_cast<std::int64_t>(i)},
                                     {"file", manifest.file.string()},
                                     {"stamp", std::move(seen)},
                                     {"content", manifest.content}});
      found.push_back(std::move(manifest));
    }
  }
  if (!whole) return found;  // faults are looked for anew each time
  try {
    write_file_atomic(cache, to_bytes(Value::Map{{"format", kCacheFormat},
                                                 {"places", std::move(stamps)},
                                                 {"manifests", std::move(manifests)}}));
  } catch (const std::exception&) {
    // Without a cache the next start reads them again.
  }
  return found;
}

}  // namespace vdk
