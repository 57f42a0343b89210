#include "hooks/plugin_manifest.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "hooks/hook_names.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporaryDirectory = "<temporary directory>";

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? *text : std::string();
}

bool flag_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value && value->if_bool() && *value->if_bool();
}

std::vector<std::string> texts_at(const Value& map, std::string_view key) {
  std::vector<std::string> texts;
  const Value* value = map.find(key);
  if (!value || !value->if_list()) return texts;
  for (const Value& entry : *value->if_list()) {
    if (const std::string* text = entry.if_string()) texts.push_back(*text);
  }
  return texts;
}

std::vector<std::string> names_at(const Value& map, std::string_view key) {
  std::vector<std::string> names = texts_at(map, key);
  for (std::string& name : names) name = lower(name);
  return names;
}

NamedEndings endings_at(const Value& map, std::string_view key) {
  NamedEndings named;
  const Value* value = map.find(key);
  if (!value || !value->if_map()) return named;
  for (const Member& member : *value->if_map()) {
    named.emplace_back(lower(member.key), names_at(*value, member.key));
  }
  return named;
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
  option.sensitive = flag_at(entry, "sensitive");
  return option;
}

AnnouncedHook parse_hook(const std::string& text) {
  const std::vector<std::string> words = split(text, ':');
  AnnouncedHook hook{.name = words.front()};
  if (!is_hook(hook.name)) {
    const auto near = nearest_name(hook.name, hook_names());
    throw configuration_error(
        {.what = fmt::format("There is no hook '{}'.{}", hook.name,
                             near ? fmt::format(" Did you mean '{}'?", *near) : std::string())});
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "first") {
      hook.order = HookOrder::first;
    } else if (words[i] == "last") {
      hook.order = HookOrder::last;
    } else if (words[i] == "wrapper") {
      hook.wrapper = true;
    } else {
      throw configuration_error(
          {.what = fmt::format("'{}' is no place in the order of the hook {}: it may be first, "
                               "last and wrapper.",
                               words[i], hook.name)});
    }
  }
  return hook;
}

// Modules and templates stand where the manifest stands, or below.
fs::path beside(const fs::path& manifest, const std::string& relative) {
  return (manifest.parent_path() / fs::path(relative)).lexically_normal();
}

}  // namespace

bool PluginManifest::keeps(std::string_view kind, std::string_view contribution) const {
  return std::ranges::none_of(lost, [&](const LostContribution& one) {
    return one.kind == kind && one.name == contribution;
  });
}

std::vector<std::pair<std::string_view, std::string>> PluginManifest::unique_contributions() const {
  std::vector<std::pair<std::string_view, std::string>> all;
  const auto take = [&all](std::string_view kind, const std::vector<std::string>& names) {
    for (const std::string& each : names) all.emplace_back(kind, each);
  };
  take("connection", connections);
  take("ingest method", sinks);
  take("pre-processor", preprocessors);
  take("post-processor", postprocessors);
  take("properties", properties);
  take("secrets", secrets);
  for (const auto& [type, endings] : steps) all.emplace_back("step type", type);
  for (const auto& [format, endings] : formats) all.emplace_back("format", format);
  for (const TemplateEntry& entry : templates) {
    all.emplace_back("template", entry.database + '/' + entry.name);
  }
  take("command", commands.names());
  return all;
}

PluginManifest parse_manifest(const FoundManifest& found) {
  if (!found.fault.empty()) throw configuration_error({.what = found.fault});
  const Value& json = found.content;
  PluginManifest manifest;
  manifest.file = found.file;
  manifest.source = found.source;
  manifest.name = text_at(json, "name");
  if (manifest.name.empty()) throw configuration_error({.what = "It names no plugin."});
  manifest.version = text_at(json, "version");
  manifest.engine = text_at(json, "engine");
  manifest.title = text_at(json, "title");
  if (manifest.title.empty()) manifest.title = manifest.engine;
  manifest.query_headers = flag_at(json, "query_headers");
  manifest.requirements = texts_at(json, "requires");
  manifest.connections = names_at(json, "connections");
  manifest.sinks = names_at(json, "sinks");
  manifest.preprocessors = names_at(json, "preprocessors");
  manifest.postprocessors = names_at(json, "postprocessors");
  manifest.properties = texts_at(json, "properties");
  manifest.secrets = texts_at(json, "secrets");
  manifest.steps = endings_at(json, "steps");
  manifest.formats = endings_at(json, "formats");
  if (const Value* templates = json.find("templates"); templates && templates->if_list()) {
    for (const Value& entry : *templates->if_list()) {
      const std::string database = text_at(entry, "database");
      manifest.templates.push_back({.name = text_at(entry, "name"),
                                    .directory = beside(found.file, text_at(entry, "directory")),
                                    .database = database.empty() ? "default" : database});
    }
  }
  for (const std::string& hook : texts_at(json, "hooks")) {
    manifest.hooks.push_back(parse_hook(hook));
  }
  manifest.when = names_at(json, "when");
  manifest.section_keys = names_at(json, "section_keys");
  manifest.trimmed_section_names = flag_at(json, "trimmed_section_names");
  manifest.original = text_at(json, "original");
  if (const Value* options = json.find("options"); options && options->if_list()) {
    for (const Value& entry : *options->if_list()) manifest.options.push_back(parse_option(entry));
  }
  manifest.module = fs::path(found.file).replace_extension(".so");
  if (const std::string module = text_at(json, "module"); !module.empty()) {
    manifest.module.replace_filename(fs::path(module).filename().string() + ".so");
  }
  if (const Value* commands = json.find("commands"))
    manifest.commands = DeclaredCommands(*commands);
  return manifest;
}

}  // namespace vdk
