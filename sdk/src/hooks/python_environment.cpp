#include "hooks/python_environment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxCachedShims = 200;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_script(const fs::path& program) {
  char start[2] = {};
  const int file = open(program.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const auto got = read(file, start, sizeof start);
  close(file);
  return got == 2 && start[0] == '#' && start[1] == '!';
}

// Of a file that decides which interpreter a version manager takes.
std::string identity(const fs::path& file) {
  std::error_code failure;
  const auto changed = fs::last_write_time(file, failure);
  if (failure) return {};
  return fmt::format("|{}@{}", file.string(), changed.time_since_epoch().count());
}

// Everything that decides which interpreter is behind a version manager's script: the managers'
// variables, the files that they look for from the working directory upwards, and their own.
std::string what_decides() {
  std::string key;
  for (const char* name : {"PYENV_VERSION", "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION"}) {
    key += '|' + variable(name);
  }
  std::error_code failure;
  for (fs::path directory = fs::current_path(failure); !failure;
       directory = directory.parent_path()) {
    for (const char* name :
         {".python-version", ".tool-versions", "mise.toml", ".mise.toml", "mise.local.toml"}) {
      key += identity(directory / name);
    }
    if (directory == directory.root_path()) break;
  }
  const std::string home = variable("HOME");
  const std::string pyenv = variable("PYENV_ROOT");
  key += identity((pyenv.empty() ? fs::path(home) / ".pyenv" : fs::path(pyenv)) / "version");
  key += identity(fs::path(home) / ".tool-versions");
  key += identity(fs::path(home) / ".config" / "mise" / "config.toml");
  return key;
}

// A version manager's python3 is a script that takes far longer than the interpreter behind it: it
// is asked once, and again when something changes that decides.
fs::path resolve_shim(const fs::path& shim) {
  const std::string key = shim.string() + identity(shim) + what_decides();
  const fs::path cache = local_state_directory() / "cache" / "interpreters.json";
  Value known;
  try {
    if (const auto text = read_file_if_exists(cache)) known = parse_json(*text);
  } catch (const std::exception&) {
    known = {};  // a damaged cache is made anew
  }
  if (const Value* entry = known.find(key)) {
    if (const std::string* path = entry->if_string(); path && access(path->c_str(), X_OK) == 0)
      return *path;
  }
  const auto answer = run_process({shim.string(), "-c", "import sys; print(sys.executable)"},
                                  std::chrono::seconds(20));
  if (!answer || answer->exit_code != 0) return shim;
  fs::path real{std::string(trim(answer->out))};
  if (access(real.c_str(), X_OK) != 0) return shim;
  try {
    if (known.if_map() && known.if_map()->size() >= kMaxCachedShims) known = {};
    known.set(key, real.string());
    write_file_atomic(cache, to_json(known));
  } catch (const std::exception&) {
    // Without a cache the next start asks again.
  }
  return real;
}

bool is_executable(const fs::path& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

Interpreter find_interpreter() {
  const std::string configured = variable("VDK_PYTHON");
  if (!configured.empty()) {
    const fs::path path = configured.find('/') == std::string::npos
                              ? fs::path(find_on_path(configured))
                              : fs::path(configured);
    if (!is_executable(path)) {
      throw configuration_error(
          {.what = fmt::format("VDK_PYTHON names '{}', which cannot be run.", configured),
           .why = fmt::format("The system says: {}.", std::strerror(errno)),
           .consequence = "No step was run.",
           .countermeasure = "Set VDK_PYTHON to a Python interpreter, or unset it."});
    }
    return {path, "VDK_PYTHON"};
  }
  const fs::path own = installation_prefix();
  std::error_code ignored;
  if (fs::exists(own / "pyvenv.cfg", ignored) && is_executable(own / "bin" / "python3")) {
    return {own / "bin" / "python3", "the environment of vdk"};
  }
  const std::string active = variable("VIRTUAL_ENV");
  if (!active.empty() && is_executable(fs::path(active) / "bin" / "python3")) {
    return {fs::path(active) / "bin" / "python3", "VIRTUAL_ENV"};
  }
  const fs::path found = find_on_path("python3");
  if (found.empty()) {
    throw configuration_error(
        {.what = "The job has Python steps, but there is no Python interpreter.",
         .why = "VDK_PYTHON and VIRTUAL_ENV are not set, and there is no python3 on PATH.",
         .consequence = "No step was run.",
         .countermeasure = "Install Python 3.10 or later, or set VDK_PYTHON to an interpreter."});
  }
  return {is_script(found) ? resolve_shim(found) : found, "PATH"};
}

namespace {

// Changes whenever an entry of the directory is added, removed or renamed; 0 where there is no such
// directory.
std::string stamp(const fs::path& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return "0";
#if defined(__APPLE__)
  const timespec changed = info.st_mtimespec;
#else
  const timespec changed = info.st_mtim;
#endif
  return fmt::format("{}.{}", changed.tv_sec, changed.tv_nsec);
}

// Its version, then the directories on its path.
std::vector<std::string> ask(const Interpreter& interpreter) {
  // The first entry is the working directory here; PYTHONPATH counts, as it does at a run.
  const auto answer = run_process(
      {interpreter.executable.string(), "-c",
       "import sys; sys.stdout.write(chr(10).join([sys.version.split()[0], *sys.path[1:]]))"},
      std::chrono::seconds(20));
  if (!answer || answer->exit_code != 0) return {};
  std::vector<std::string> lines;
  for (std::string& line : split(answer->out, '\n')) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

// What the sections of our groups say in an entry_points.txt.
std::vector<EntryPoint> parse_entry_points(std::string_view text) {
  std::vector<EntryPoint> found;
  std::string group;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view content = trim(line);
    if (content.starts_with('[') && content.ends_with(']')) {
      group = trim(content.substr(1, content.size() - 2));
      continue;
    }
    if (group != "vdk.plugin.run" && group != "vdk.plugin.cli") continue;
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos || content.starts_with('#') || content.starts_with(';'))
      continue;
    found.push_back({group, std::string(trim(content.substr(0, equals))),
                     std::string(trim(content.substr(equals + 1)))});
  }
  return found;
}

// "vdk_ingest_http-0.2.1.dist-info" is the distribution vdk-ingest-http 0.2.1.
PluginDistribution parse_directory_name(const std::string& name) {
  const std::size_t end = name.rfind('.');
  const std::size_t dash = name.find('-');
  PluginDistribution distribution;
  distribution.name = lower(name.substr(0, std::min(dash, end)));
  std::ranges::replace(distribution.name, '_', '-');
  std::ranges::replace(distribution.name, '.', '-');
  if (dash != std::string::npos && dash < end)
    distribution.version = name.substr(dash + 1, end - dash - 1);
  return distribution;
}

}  // namespace

std::vector<PluginDistribution> find_plugin_distributions(const std::vector<std::string>& path) {
  std::vector<PluginDistribution> found;
  for (const std::string& directory : path) {
    std::error_code failure;
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      const std::string name = entry->path().filename().string();
      if (!name.ends_with(".dist-info") && !name.ends_with(".egg-info")) continue;
      try {
        const auto text = read_file_if_exists(entry->path() / "entry_points.txt");
        if (!text) continue;
        std::vector<EntryPoint> points = parse_entry_points(*text);
        if (points.empty()) continue;
        PluginDistribution distribution = parse_directory_name(name);
        // What comes first on the path hides what comes later.
        if (std::ranges::find(found, distribution.name, &PluginDistribution::name) != found.end())
          continue;
        distribution.entry_points = std::move(points);
        found.push_back(std::move(distribution));
      } catch (const std::exception&) {
        // What cannot be read cannot be imported either.
      }
    }
  }
  std::ranges::sort(found, {}, &PluginDistribution::name);
  return found;
}

namespace {

const std::string* text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value ? value->if_string() : nullptr;
}

// What was found before, where nothing on the path has changed since.
std::optional<PythonEnvironment> still_true(const Value& known, const std::string& key,
                                            const Interpreter& interpreter) {
  const std::string* known_key = text_at(known, "key");
  const Value* directories = known.find("directories");
  const Value* plugins = known.find("plugins");
  const std::string* version = text_at(known, "version");
  const Value* native = known.find("native_plugins");
  if (!known_key || *known_key != key || !directories || !directories->if_map() || !plugins ||
      !plugins->if_map() || !version || !native) {
    return std::nullopt;
  }
  for (const Member& directory : *directories->if_map()) {
    const std::string* seen = directory.value.if_string();
    if (!seen || *seen != stamp(directory.key)) return std::nullopt;
  }
  PythonEnvironment found{.interpreter = interpreter,
                          .version = *version,
                          .native_plugins = native_entries_of(*native)};
  for (const Member& plugin : *plugins->if_map()) {
    const Value::List* fields = plugin.value.if_list();
    if (!fields || fields->empty() || fields->size() % 3 != 1) return std::nullopt;
    std::vector<std::string> texts;
    for (const Value& field : *fields) {
      if (!field.if_string()) return std::nullopt;
      texts.push_back(*field.if_string());
    }
    PluginDistribution& known_plugin = found.plugins.emplace_back();
    known_plugin.name = plugin.key;
    known_plugin.version = texts[0];
    for (std::size_t i = 1; i < texts.size(); i += 3)
      known_plugin.entry_points.push_back({texts[i], texts[i + 1], texts[i + 2]});
  }
  return found;
}

}  // namespace

PythonEnvironment inspect_environment(const Interpreter& interpreter) {
  const std::string executable = interpreter.executable.string();
  const std::string key =
      fmt::format("{}|{}|{}|{}", executable, stamp(interpreter.executable),
                  stamp(interpreter.executable.parent_path().parent_path() / "pyvenv.cfg"),
                  variable("PYTHONPATH"));
  const fs::path cache = local_state_directory() / "cache" /
                         fmt::format("python-{:016x}.json",
                                     std::hash<std::string>{}(executable + variable("PYTHONPATH")));
  try {
    if (const auto text = read_file_if_exists(cache)) {
      if (auto found = still_true(parse_json(*text), key, interpreter)) return *found;
    }
  } catch (const std::exception&) {
    // A damaged cache is made anew.
  }
  std::vector<std::string> path = ask(interpreter);
  if (path.empty()) return {.interpreter = interpreter};
  PythonEnvironment environment{.interpreter = interpreter, .version = path.front()};
  path.erase(path.begin());
  Value directories{Value::Map{}};
  for (const std::string& directory : path) directories.set(directory, stamp(directory));
  environment.plugins = find_plugin_distributions(path);
  environment.native_plugins = find_native_entries(path);
  Value plugins{Value::Map{}};
  for (const PluginDistribution& plugin : environment.plugins) {
    Value::List fields{plugin.version};  // then group, name and value of each entry point
    for (const EntryPoint& point : plugin.entry_points) {
      fields.emplace_back(point.group);
      fields.emplace_back(point.name);
      fields.emplace_back(point.value);
    }
    plugins.set(plugin.name, std::move(fields));
  }
  Value known;
  known.set("key", key);
  known.set("directories", std::move(directories));
  known.set("version", environment.version);
  known.set("plugins", std::move(plugins));
  known.set("native_plugins", to_value(environment.native_plugins));
  try {
    write_file_atomic(cache, to_json(known));
  } catch (const std::exception&) {
    // Without a cache the next start asks again.
  }
  return environment;
}

}  // namespace vdk
