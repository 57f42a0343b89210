#include "hooks/plugin_index.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporaryDirectory = "<temporary directory>";

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? *text : std::string();
}

std::vector<std::string> names_at(const Value& map, std::string_view key) {
  std::vector<std::string> names;
  const Value* value = map.find(key);
  if (!value || !value->if_list()) return names;
  for (const Value& entry : *value->if_list()) {
    if (const std::string* name = entry.if_string()) names.push_back(lower(*name));
  }
  return names;
}

Option parse_option(const Value& entry) {
  Option option;
  option.key = text_at(entry, "key");
  option.description = text_at(entry, "description");
  if (const Value* value = entry.find("default")) {
    option.default_value = *value;
    if (const std::string* text = value->if_string();
        text && text->starts_with(kTemporaryDirectory)) {
      std::error_code ignored;
      option.default_value =
          fs::temp_directory_path(ignored).string() + text->substr(kTemporaryDirectory.size());
    }
  }
  if (const Value* sensitive = entry.find("sensitive"); sensitive && sensitive->if_bool()) {
    option.sensitive = *sensitive->if_bool();
  }
  return option;
}

PluginManifest parse_manifest(const fs::path& file) {
  const Value json = parse_json(read_file(file));
  PluginManifest manifest;
  manifest.name = text_at(json, "name");
  manifest.version = text_at(json, "version");
  manifest.engine = text_at(json, "engine");
  manifest.title = text_at(json, "title");
  if (manifest.title.empty()) manifest.title = manifest.engine;
  if (const Value* headers = json.find("query_headers"); headers && headers->if_bool()) {
    manifest.query_headers = *headers->if_bool();
  }
  manifest.connections = names_at(json, "connections");
  manifest.sinks = names_at(json, "sinks");
  manifest.section_keys = names_at(json, "section_keys");
  const Value* trimmed = json.find("trimmed_section_names");
  manifest.trimmed_section_names = trimmed && trimmed->if_bool() && *trimmed->if_bool();
  if (const Value* formats = json.find("formats"); formats && formats->if_map()) {
    for (const Member& format : *formats->if_map()) {
      manifest.formats.emplace_back(lower(format.key), names_at(*formats, format.key));
    }
  }
  if (const Value* options = json.find("options"); options && options->if_list()) {
    for (const Value& entry : *options->if_list()) manifest.options.push_back(parse_option(entry));
  }
  manifest.module = fs::path(file).replace_extension(".so");
  if (const std::string module = text_at(json, "module"); !module.empty()) {
    manifest.module.replace_filename(fs::path(module).filename().string() + ".so");
  }
  if (manifest.name.empty()) {
    throw configuration_error(
        {.what = fmt::format("The plugin manifest {} names no plugin.", file.string())});
  }
  return manifest;
}

}  // namespace

// What the module made goes before the module's plugin; the module itself stays until the process
// ends, because exceptions that it threw may be kept longer than anything here.
class PluginIndex::OpenPlugin : public Contributions {
 public:
  OpenPlugin(const PluginManifest& manifest, PluginIndex& index)
      : index_(index), library_(manifest.module) {
    using Descriptor = const PluginDescriptor* (*)();
    const auto descriptor = reinterpret_cast<Descriptor>(library_.find("vdk_plugin_descriptor"));
    const PluginDescriptor* described = descriptor ? descriptor() : nullptr;
    if (const std::string reason = why_refused(described); !reason.empty()) {
      throw configuration_error(
          {.what = fmt::format("The plugin {} {} does not fit this program.", manifest.name,
                               manifest.version),
           .why = reason,
           .consequence = "It was not loaded, and what it offers is not there.",
           .countermeasure = "Install the version of the plugin that belongs to this program."});
    }
    library_.keep_forever();
    plugin_.reset(described->create());
    plugin_->contribute(*this);
  }

  void add_connection(std::string_view type, ConnectionFactory factory) override {
    connections_[lower(type)] = std::move(factory);
  }
  void add_sink(std::string_view method, SinkFactory factory) override {
    sinks_[lower(method)] = std::move(factory);
  }
  void add_format(std::string_view name, FileFormat format) override {
    formats_[lower(name)] = std::move(format);
  }
  HookDispatcher& hooks() override { return index_.hooks_; }
  const FileFormat& format(std::string_view name) override { return index_.format(name); }

  [[nodiscard]] const auto& connections() const noexcept { return connections_; }
  [[nodiscard]] const auto& sinks() const noexcept { return sinks_; }
  [[nodiscard]] const auto& formats() const noexcept { return formats_; }

 private:
  PluginIndex& index_;
  SharedLibrary library_;  // before everything that the module made
  std::unique_ptr<Plugin> plugin_;
  std::map<std::string, ConnectionFactory, std::less<>> connections_;
  std::map<std::string, SinkFactory, std::less<>> sinks_;
  std::map<std::string, FileFormat, std::less<>> formats_;
};

std::string why_refused(const PluginDescriptor* descriptor) {
  if (!descriptor) return "Its module has no function vdk_plugin_descriptor.";
  if (descriptor->api_version != kPluginApiVersion) {
    return fmt::format(
        "It was built for version {} of the plugin API, and this program has version {}.",
        descriptor->api_version, kPluginApiVersion);
  }
  if (descriptor->descriptor_size != sizeof(PluginDescriptor)) {
    return "Its descriptor has another size than this program's.";
  }
  if (std::string_view(descriptor->compiler) != VDK_ABI_TAG) {
    return fmt::format("It was built with {}, and this program with {}.", descriptor->compiler,
                       VDK_ABI_TAG);
  }
  return {};
}

PluginIndex::PluginIndex(const fs::path& directory, HookDispatcher& hooks) : hooks_(hooks) {
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() != ".json") continue;
    try {
      manifests_.push_back(parse_manifest(entry->path()));
    } catch (const Error& error) {
      log(LogLevel::warning, "vdk.plugins",
          fmt::format("The plugin manifest {} was left out: {}", entry->path().string(),
                      error.what()));
    }
  }
  std::ranges::sort(manifests_, {}, &PluginManifest::name);
}

PluginIndex::~PluginIndex() = default;

bool PluginIndex::is_open(std::string_view plugin) const {
  const std::lock_guard lock(mutex_);
  return open_.contains(plugin);
}

void PluginIndex::declare_options(ConfigurationBuilder& builder) const {
  for (const PluginManifest& manifest : manifests_) {
    for (const Option& option : manifest.options) builder.add(option);
  }
}

PluginIndex::OpenPlugin& PluginIndex::open(const PluginManifest& manifest) {
  const std::lock_guard lock(mutex_);
  auto& opened = open_[manifest.name];
  if (!opened) {
    try {
      opened = std::make_unique<OpenPlugin>(manifest, *this);
    } catch (...) {
      open_.erase(manifest.name);
      throw;
    }
  }
  return *opened;
}

namespace {

template <class Factories>
const auto& contributed(const Factories& factories, std::string_view name,
                        const PluginManifest& manifest, std::string_view kind) {
  const auto found = factories.find(name);
  if (found == factories.end()) {
    throw configuration_error(
        {.what = fmt::format("The plugin {} has no {} '{}', though its manifest says so.",
                             manifest.name, kind, name),
         .countermeasure =
             "Install the plugin again: module and manifest do not belong together."});
  }
  return found->second;
}

// The name that stands for the plugin.
std::string first_of(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : names.front();
}

}  // namespace

const ConnectionFactory& PluginIndex::connection_factory(const PluginManifest& manifest) {
  return contributed(open(manifest).connections(), first_of(manifest.connections), manifest,
                     "connection");
}

const SinkFactory& PluginIndex::sink_factory(const PluginManifest& manifest) {
  return contributed(open(manifest).sinks(), first_of(manifest.sinks), manifest, "ingest method");
}

const FileFormat& PluginIndex::format(std::string_view name) {
  std::vector<std::string> known;
  for (const PluginManifest& manifest : manifests_) {
    for (const auto& [format, endings] : manifest.formats) {
      if (format == name) return contributed(open(manifest).formats(), name, manifest, "format");
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
      if (std::ranges::find(endings, lower(ending)) != endings.end()) return format;
    }
  }
  return {};
}

}  // namespace vdk
