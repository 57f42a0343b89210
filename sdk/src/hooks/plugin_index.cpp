#include "hooks/plugin_index.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "hooks/crash_names.hpp"
#include "hooks/plugin_call.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/version.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLogger = "vdk.plugins";

// Why code of this file or directory cannot be trusted; empty where it can.
std::string why_unsafe(const fs::path& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return {};  // the loader says it better
  const bool everybody = (info.st_mode & S_IWOTH) != 0;
  const bool keeps_others_files = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  if (!everybody || keeps_others_files) return {};
  return fmt::format("Everybody may write {}.", path.string());
}

std::string how_to_rebuild() {
  return fmt::format(
      "Build it again against this program (vdk {}): cmake -S . -B build "
      "-DCMAKE_PREFIX_PATH='{}' && cmake --build build. Or install the version of it that was "
      "built for this one.",
      version(), installation_prefix().string());
}

// "a -> b -> a" where the plugin requires itself in the end; else empty.
std::string circle_of(const std::map<std::string, const PluginManifest*>& by_name,
                      const std::string& start) {
  std::vector<std::string> path;
  std::set<std::string> seen;
  const std::function<bool(const std::string&)> search = [&](const std::string& name) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || !seen.insert(name).second) return false;
    path.push_back(name);
    for (const std::string& next : found->second->requirements) {
      if (next == start || search(next)) return true;
    }
    path.pop_back();
    return false;
  };
  if (!search(start)) return {};
  return join(path, " -> ") + " -> " + start;
}

}  // namespace

std::string_view to_string(PluginState state) noexcept {
  switch (state) {
    case PluginState::not_needed:
      return "not needed";
    case PluginState::loaded:
      return "loaded";
    case PluginState::shadowed:
      return "shadowed";
    case PluginState::failed:
      break;
  }
  return "failed";
}

// What the module made goes before the module's plugin; the module itself stays until the process
// ends, because exceptions that it threw may be kept longer than anything here.
class PluginIndex::OpenPlugin : public Contributions {
 public:
  OpenPlugin(const PluginManifest& manifest, PluginIndex& index)
      : index_(index), library_(load(manifest)) {
    using Descriptor = const PluginDescriptor* (*)();
    const auto descriptor = reinterpret_cast<Descriptor>(library_.find("vdk_plugin_descriptor"));
    const PluginDescriptor* described = descriptor ? descriptor() : nullptr;
    if (const std::string reason = why_refused(described); !reason.empty()) {
      throw configuration_error(
          {.what = fmt::format("The plugin {} {} does not fit this program.", manifest.name,
                               manifest.version),
           .why = reason,
           .consequence = "It was not loaded, and what it offers is not there.",
           .countermeasure = how_to_rebuild()});
    }
    library_.keep_forever();
    if (index.names_crashes_) {
      name_crashes_of(
          fmt::format("{} {} ({})", manifest.name, manifest.version, manifest.module.string()),
          reinterpret_cast<const void*>(descriptor));
    }
    call_of_plugin(manifest, "contribute()", [&] {
      plugin_.reset(described->create());
      plugin_->contribute(*this);
    });
  }

  void add_connection(std::string_view type, ConnectionFactory factory) override {
    connections[lower(type)] = std::move(factory);
  }
  void add_syntax_check(std::string_view type, SyntaxCheck check) override {
    syntax_checks[lower(type)] = std::move(check);
  }
  void add_sink(std::string_view method, SinkFactory factory) override {
    sinks[lower(method)] = std::move(factory);
  }
  void add_preprocessor(std::string_view name, PreProcessorFactory factory) override {
    preprocessors[lower(name)] = std::move(factory);
  }
  void add_postprocessor(std::string_view name, PostProcessorFactory factory) override {
    postprocessors[lower(name)] = std::move(factory);
  }
  void add_properties(std::string_view type, KeyValueStoreFactory factory) override {
    properties[std::string(type)] = std::move(factory);
  }
  void add_secrets(std::string_view type, KeyValueStoreFactory factory) override {
    secrets[std::string(type)] = std::move(factory);
  }
  void add_step_type(std::string_view type, StepRunner runner) override {
    steps[lower(type)] = std::move(runner);
  }
  void add_command(std::string_view name, CommandHandler handler) override {
    commands[std::string(name)] = std::move(handler);
  }
  void add_format(std::string_view name, FileFormat format) override {
    formats[lower(name)] = std::move(format);
  }
  HookDispatcher& hooks() override { return hooks_; }
  const FileFormat& format(std::string_view name) override { return index_.format(name); }

 private:
  static SharedLibrary load(const PluginManifest& manifest) {
    for (const fs::path& path : {manifest.module, manifest.module.parent_path()}) {
      if (const std::string reason = why_unsafe(path); !reason.empty()) {
        throw configuration_error(
            {.what =
                 fmt::format("The plugin {} {} was not loaded.", manifest.name, manifest.version),
             .why = reason,
             .consequence = "Code that anybody can change is not run; what the plugin offers is "
                            "not there.",
             .countermeasure = fmt::format("chmod o-w {}", path.string())});
      }
    }
    try {
      return SharedLibrary(manifest.module);
    } catch (const Error& error) {
      throw configuration_error({.what = fmt::format("The plugin {} {} cannot be loaded.",
                                                     manifest.name, manifest.version),
                                 .why = fmt::format("{} {}", error.text().what, error.text().why),
                                 .consequence = "What it offers is not there.",
                                 .countermeasure = error.text().countermeasure});
    }
  }

  PluginIndex& index_;
  SharedLibrary library_;  // before everything that the module made
  std::unique_ptr<Plugin> plugin_;
  HookDispatcher hooks_;

  template <class Function>
  using Named = std::map<std::string, Function, std::less<>>;

 public:
  Named<ConnectionFactory> connections;
  Named<SyntaxCheck> syntax_checks;
  Named<SinkFactory> sinks;
  Named<PreProcessorFactory> preprocessors;
  Named<PostProcessorFactory> postprocessors;
  Named<KeyValueStoreFactory> properties;
  Named<KeyValueStoreFactory> secrets;
  Named<StepRunner> steps;
  Named<CommandHandler> commands;
  Named<FileFormat> formats;
};

// What became of the opening of a plugin; a failure stays one.
struct PluginIndex::Opened {
  std::unique_ptr<OpenPlugin> plugin;
  std::exception_ptr failure;
  std::string cause;
  std::chrono::duration<double, std::milli> load_time{0};
  bool announced_failure = false;
};

std::string why_refused(const PluginDescriptor* descriptor) {
  const PluginDescriptor& own = own_descriptor();
  if (!descriptor) return "Its module has no function vdk_plugin_descriptor.";
  if (descriptor->api_version != own.api_version) {
    return fmt::format(
        "It was built for version {} of the plugin API, and this program has version {}.",
        descriptor->api_version, own.api_version);
  }
  if (descriptor->descriptor_size != own.descriptor_size) {
    return "Its descriptor has another size than this program's.";
  }
  if (std::strcmp(descriptor->standard_library, own.standard_library) != 0) {
    return fmt::format("It was built with {}, and this program with {}.",
                       descriptor->standard_library, own.standard_library);
  }
  if (std::strcmp(descriptor->flavour, own.flavour) != 0) {
    const auto in_words = [](const char* flavour) {
      return flavour[0] == '\0' ? std::string("without special options")
                                : fmt::format("with {}", flavour);
    };
    return fmt::format("It was built {}, and this program {}.", in_words(descriptor->flavour),
                       in_words(own.flavour));
  }
  for (std::uint32_t i = 0; i < std::min(descriptor->size_count, own.size_count); ++i) {
    const SharedSize& theirs = descriptor->sizes[i];
    const SharedSize& ours = own.sizes[i];
    if (std::strcmp(theirs.name, ours.name) != 0 || theirs.size != ours.size) {
      return fmt::format("Its class {} has {} bytes, and this program's {} has {}.", theirs.name,
                         theirs.size, ours.name, ours.size);
    }
  }
  if (descriptor->size_count != own.size_count) {
    return fmt::format("It shares {} classes with its program, and this program {}.",
                       descriptor->size_count, own.size_count);
  }
  return {};
}

PluginIndex::PluginIndex(PythonEnvironment environment) : environment_(std::move(environment)) {
  read(plugin_places(environment_));
}

PluginIndex::PluginIndex(const fs::path& directory) {
  read({{PluginSource::installation, directory}});
}

PluginIndex::~PluginIndex() = default;

void PluginIndex::leave_out(PluginManifest manifest, PluginState state, std::string cause) {
  left_out_.push_back({.manifest = std::move(manifest), .state = state, .cause = std::move(cause)});
}

void PluginIndex::read(const std::vector<PluginPlace>& places) {
  std::vector<PluginManifest> read;
  for (const FoundManifest& found : find_manifests(places)) {
    try {
      read.push_back(parse_manifest(found));
    } catch (const Error& error) {
      log(LogLevel::warning, kLogger,
          fmt::format("The plugin manifest {} was left out: {}", found.file.string(),
                      error.what()));
      PluginManifest nameless;
      nameless.name = found.file.stem().string();
      nameless.file = found.file;
      nameless.source = found.source;
      leave_out(std::move(nameless), PluginState::failed, error.text().what);
    }
  }
  // In the order of precedence: the first of a name stays.
  for (PluginManifest& manifest : read) {
    const auto same = std::ranges::find(manifests_, manifest.name, &PluginManifest::name);
    if (same == manifests_.end()) {
      manifests_.push_back(std::move(manifest));
      continue;
    }
    const std::string cause = fmt::format("{} {} ({}) has the same name and comes first",
                                          same->name, same->version, same->file.string());
    if (same->source == manifest.source) {
      log(LogLevel::warning, kLogger,
          fmt::format("Two plugins are named {}: {} is left out, for {}. Remove one of them.",
                      manifest.name, manifest.file.string(), cause));
    }
    leave_out(std::move(manifest), PluginState::shadowed, cause);
  }
  leave_out_unfulfilled();
  settle_contributions();
  std::ranges::sort(manifests_, {}, &PluginManifest::name);
}

// Plugins that require what is not there, or each other in a circle.
void PluginIndex::leave_out_unfulfilled() {
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, const PluginManifest*> by_name;
    for (const PluginManifest& manifest : manifests_) by_name[manifest.name] = &manifest;
    std::map<std::string, std::string> causes;
    for (const PluginManifest& manifest : manifests_) {
      if (manifest.requirements.empty()) continue;
      for (const std::string& required : manifest.requirements) {
        if (!by_name.contains(required)) {
          causes[manifest.name] =
              fmt::format("it requires the plugin {}, which is not there", required);
        }
      }
      if (const std::string circle = circle_of(by_name, manifest.name); !circle.empty()) {
        causes[manifest.name] = fmt::format("it requires itself in the end: {}", circle);
      }
    }
    for (const auto& [name, cause] : causes) {
      const auto found = std::ranges::find(manifests_, name, &PluginManifest::name);
      log(LogLevel::warning, kLogger,
          fmt::format("The plugin {} {} ({}) was left out: {}. Install what it requires, or remove "
                      "it.",
                      name, found->version, found->file.string(), cause));
      leave_out(std::move(*found), PluginState::failed, cause);
      manifests_.erase(found);
      changed = true;
    }
  }
}

// Each contribution belongs to the first plugin that makes it.
void PluginIndex::settle_contributions() {
  std::map<std::pair<std::string_view, std::string>, const PluginManifest*> owners;
  for (PluginManifest& manifest : manifests_) {
    for (const auto& [kind, name] : manifest.unique_contributions()) {
      const auto [owner, is_first] = owners.try_emplace({kind, name}, &manifest);
      if (is_first || owner->second == &manifest) continue;
      manifest.lost.push_back({std::string(kind), name, owner->second->name});
      // Whoever installs a plugin for what the program has itself means it.
      const bool meant = manifest.source == PluginSource::installation &&
                         owner->second->source != PluginSource::installation;
      log(meant ? LogLevel::debug : LogLevel::warning, kLogger,
          fmt::format("The plugins {} and {} both have the {} '{}'; that of {} is used.",
                      owner->second->name, manifest.name, kind, name, owner->second->name));
    }
  }
}

void PluginIndex::yield_to(std::span<const std::string> distributions) {
  for (auto manifest = manifests_.begin(); manifest != manifests_.end();) {
    if (manifest->original.empty() ||
        std::ranges::find(distributions, manifest->original) == distributions.end()) {
      ++manifest;
      continue;
    }
    const std::string cause =
        fmt::format("the Python plugin {} takes its place", manifest->original);
    leave_out(std::move(*manifest), PluginState::shadowed, cause);
    manifest = manifests_.erase(manifest);
  }
}

std::vector<PluginStanding> PluginIndex::standings() const {
  std::vector<PluginStanding> standings = left_out_;
  {
    const std::lock_guard lock(mutex_);
    for (const PluginManifest& manifest : manifests_) {
      PluginStanding standing{.manifest = manifest};
      if (const auto found = opened_.find(manifest.name); found != opened_.end()) {
        const Opened& opened = *found->second;
        standing.state = opened.failure ? PluginState::failed : PluginState::loaded;
        standing.cause = opened.cause;
        standing.load_time = opened.load_time;
      }
      standings.push_back(std::move(standing));
    }
  }
  std::ranges::sort(standings, {}, [](const PluginStanding& standing) {
    const PluginManifest& manifest = standing.manifest;
    return std::tuple(manifest.name, manifest.source, manifest.file);
  });
  return standings;
}

bool PluginIndex::is_open(std::string_view plugin) const {
  const std::lock_guard lock(mutex_);
  const auto found = opened_.find(plugin);
  return found != opened_.end() && found->second->plugin;
}

void PluginIndex::on_open(std::function<void(const PluginStanding&)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void PluginIndex::declare_options(ConfigurationBuilder& builder) const {
  for (const PluginManifest& manifest : manifests_) {
    for (const Option& option : manifest.options) builder.add(option);
  }
}

PluginIndex::OpenPlugin& PluginIndex::opened(const PluginManifest& manifest) {
  const std::lock_guard lock(mutex_);
  auto& slot = opened_[manifest.name];
  if (!slot) {
    slot = std::make_unique<Opened>();
    Opened& entry = *slot;
    const auto start = std::chrono::steady_clock::now();
    try {
      for (const std::string& required : manifest.requirements) {
        open(*std::ranges::find(manifests_, required, &PluginManifest::name));
      }
      entry.plugin = std::make_unique<OpenPlugin>(manifest, *this);
    } catch (const std::exception& failure) {
      entry.failure = std::current_exception();
      entry.cause = first_line(failure.what());
      if (const auto* error = dynamic_cast<const Error*>(&failure);
          error && !error->text().why.empty()) {
        entry.cause = error->text().why;
      }
    }
    entry.load_time = std::chrono::steady_clock::now() - start;
    if (entry.plugin) {
      log(LogLevel::debug, kLogger,
          fmt::format("Opened the plugin {} {} in {:.2f} ms ({}).", manifest.name, manifest.version,
                      entry.load_time.count(), manifest.module.string()));
      if (listener_) {
        listener_(
            {.manifest = manifest, .state = PluginState::loaded, .load_time = entry.load_time});
      }
    }
  }
  if (slot->failure) std::rethrow_exception(slot->failure);
  return *slot->plugin;
}

void PluginIndex::open(const PluginManifest& manifest) { (void)opened(manifest); }

namespace {

// What was added under the name, or else under the first name of the manifest, of which the others
// are aliases.
template <class Functions>
const auto& contributed(const Functions& functions, std::string_view name, std::string_view first,
                        const PluginManifest& manifest, std::string_view kind) {
  auto found = functions.find(name);
  if (found == functions.end()) found = functions.find(first);
  if (found == functions.end()) {
    throw configuration_error(
        {.what = fmt::format("The plugin {} has no {} '{}', though its manifest says so.",
                             manifest.name, kind, name.empty() ? first : name),
         .countermeasure =
             "Install the plugin again: module and manifest do not belong together."});
  }
  return found->second;
}

std::string first_of(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : names.front();
}

}  // namespace

const ConnectionFactory& PluginIndex::connection_factory(const PluginManifest& manifest,
                                                         std::string_view type) {
  return contributed(opened(manifest).connections, type, first_of(manifest.connections), manifest,
                     "connection");
}

const SyntaxCheck* PluginIndex::syntax_check(const PluginManifest& manifest,
                                             std::string_view type) {
  const auto& checks = opened(manifest).syntax_checks;
  auto found = checks.find(lower(type));
  if (found == checks.end()) found = checks.find(first_of(manifest.connections));
  return found == checks.end() ? nullptr : &found->second;
}

const SinkFactory& PluginIndex::sink_factory(const PluginManifest& manifest,
                                             std::string_view method) {
  return contributed(opened(manifest).sinks, method, first_of(manifest.sinks), manifest,
                     "ingest method");
}

const PreProcessorFactory& PluginIndex::preprocessor(const PluginManifest& manifest,
                                                     std::string_view name) {
  return contributed(opened(manifest).preprocessors, name, name, manifest, "pre-processor");
}

const PostProcessorFactory& PluginIndex::postprocessor(const PluginManifest& manifest,
                                                       std::string_view name) {
  return contributed(opened(manifest).postprocessors, name, name, manifest, "post-processor");
}

const KeyValueStoreFactory& PluginIndex::properties(const PluginManifest& manifest,
                                                    std::string_view type) {
  return contributed(opened(manifest).properties, type, type, manifest, "type of properties");
}

const KeyValueStoreFactory& PluginIndex::secrets(const PluginManifest& manifest,
                                                 std::string_view type) {
  return contributed(opened(manifest).secrets, type, type, manifest, "type of secrets");
}

const StepRunner& PluginIndex::step_runner(const PluginManifest& manifest, std::string_view type) {
  return contributed(opened(manifest).steps, type, type, manifest, "type of steps");
}

const CommandHandler& PluginIndex::command(const PluginManifest& manifest, std::string_view name) {
  return contributed(opened(manifest).commands, name, name, manifest, "command");
}

const FileFormat& PluginIndex::format(std::string_view name) {
  std::vector<std::string> known;
  for (const PluginManifest& manifest : manifests_) {
    for (const auto& [format, endings] : manifest.formats) {
      if (!manifest.keeps("format", format)) continue;
      if (format == name) {
        return contributed(opened(manifest).formats, name, name, manifest, "format");
      }
      known.push_back(format);
    }
  }
  throw user_error({.what = fmt::format("There is no file format '{}'.", name),
                    .why = fmt::format("Known are: {}.", join(known, ", ")),
                    .consequence = "No row was read or written.",
                    .countermeasure = "Name one of them with --format."});
}

std::string PluginIndex::format_of_ending(std::string_view ending) const {
  for (const PluginManifest& manifest : manifests_) {
    for (const auto& [format, endings] : manifest.formats) {
      if (!manifest.keeps("format", format)) continue;
      if (std::ranges::find(endings, lower(ending)) != endings.end()) return format;
    }
  }
  return {};
}

HookDispatcher* PluginIndex::hooks_of(const PluginManifest& manifest) {
  try {
    return &opened(manifest).hooks();
  } catch (const std::exception& failure) {
    const std::lock_guard lock(mutex_);
    Opened& entry = *opened_.find(manifest.name)->second;
    if (!std::exchange(entry.announced_failure, true)) {
      log(LogLevel::error, kLogger,
          fmt::format("The hooks of the plugin {} are not called: {}", manifest.name,
                      failure.what()));
    }
    return nullptr;
  }
}

}  // namespace vdk
