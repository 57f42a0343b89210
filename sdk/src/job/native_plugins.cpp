#include "job/native_plugins.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "hooks/python_environment.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

namespace {

// Asked only where the answer matters: it may cost the start of an interpreter.
std::vector<PluginDistribution> installed_distributions(const Configuration& configuration) {
  if (!configuration.get_string("db_default_type").empty()) return {};
  try {
    return inspect_environment(find_interpreter()).plugins;
  } catch (const Error&) {
    return {};  // no interpreter, no distributions
  }
}

bool has_any(const Configuration& configuration, const std::vector<std::string>& keys,
             std::string_view section) {
  return std::ranges::any_of(
      keys, [&](const std::string& key) { return !configuration.get(key, section).is_null(); });
}

// What upstream's plugins make of a sub-section's name where they mean to drop the prefix "vdk_".
std::string trimmed(const std::string& section) {
  const auto begin = section.find_first_not_of("vdk_");
  return begin == std::string::npos ? std::string() : section.substr(begin);
}

struct Alias {
  std::string name;
  std::string section;
  ConnectionFactory connect;
  SinkFactory store;  // empty where the plugin has no sinks
  std::string engine;
};

void warn_of(const Alias& alias) {
  log(LogLevel::warning, "vdk.plugins",
      fmt::format(
          "'{}' is an old name of '{}', the section [vdk_{}] of the configuration, and will "
          "go. Use '{}'.",
          alias.name, alias.section, alias.section, alias.section));
}

// Never in the place of a name that somebody chose.
void register_aliases(JobContext& context, const std::vector<Alias>& aliases) {
  const auto types = context.connections().types();
  const auto methods = context.ingester().methods();
  for (const Alias& alias : aliases) {
    if (std::ranges::find(types, alias.name) == types.end()) {
      context.connections().add(
          alias.name,
          [alias](const Configuration& current, std::string_view section) {
            warn_of(alias);
            return alias.connect(current, section);
          },
          Provider::built_in, alias.engine, alias.section);
    }
    if (alias.store && std::ranges::find(methods, alias.name) == methods.end()) {
      context.ingester().add_sink(
          alias.name,
          [alias](const Configuration& current, std::string_view section,
                  const Destination& destination) {
            warn_of(alias);
            return alias.store(current, section, destination);
          },
          alias.section);
    }
  }
}

void register_in(JobContext& context, PluginIndex& index, const NativeContributions& used) {
  const Configuration& configuration = context.configuration();
  const auto distributions = installed_distributions(configuration);
  std::vector<Alias> aliases;
  for (const PluginManifest& manifest : index.manifests()) {
    const bool is_installed = std::ranges::find(distributions, "vdk-" + manifest.name,
                                                &PluginDistribution::name) != distributions.end();
    const auto provider_in = [&](std::string_view section) {
      // As upstream's plugins, which register nothing where nothing is configured.
      const bool counts =
          manifest.section_keys.empty() || has_any(configuration, manifest.section_keys, section);
      return is_installed && counts ? Provider::plugin : Provider::built_in;
    };
    std::vector<std::pair<std::string, std::string>> connections;  // name, section
    std::vector<std::pair<std::string, std::string>> sinks;
    for (const std::string& name : manifest.connections)
      connections.emplace_back(name, kMainSection);
    for (const std::string& name : manifest.sinks) sinks.emplace_back(name, kMainSection);
    for (const std::string& section : configuration.sections()) {
      if (section == kMainSection || !has_any(configuration, manifest.section_keys, section)) {
        continue;
      }
      if (!manifest.connections.empty()) connections.emplace_back(section, section);
      if (!manifest.sinks.empty()) sinks.emplace_back(section, section);
    }
    ConnectionFactory connect = [&index, &manifest, &scope = context.scope()](
                                    const Configuration& current, std::string_view of_section) {
      auto driver = index.connection_factory(manifest)(current, of_section);
      if (!scope.former_comment.empty()) driver->end_orphans(scope.former_comment);
      return driver;
    };
    SinkFactory store = [&index, &manifest](const Configuration& current,
                                            std::string_view of_section,
                                            const Destination& destination) {
      return index.sink_factory(manifest)(current, of_section, destination);
    };
    if (used.connection) connect = used.connection(manifest, std::move(connect));
    if (used.sink) store = used.sink(manifest, std::move(store));
    for (const auto& [name, section] : connections) {
      context.connections().add(name, connect, provider_in(section), manifest.engine, section);
      const std::string old = manifest.trimmed_section_names ? trimmed(name) : name;
      if (section != kMainSection && old != name && !old.empty()) {
        aliases.push_back({.name = old,
                           .section = section,
                           .connect = connect,
                           .store = manifest.sinks.empty() ? SinkFactory() : store,
                           .engine = manifest.engine});
      }
    }
    for (const auto& [name, section] : sinks) context.ingester().add_sink(name, store, section);
  }
  register_aliases(context, aliases);
}

}  // namespace

void register_native_plugins(HookDispatcher& hooks, PluginIndex& index, NativeContributions used) {
  hooks.vdk_configure.add(
      "core-native-plugins",
      [&index](ConfigurationBuilder& builder) {
        index.declare_options(builder);
        return std::nullopt;
      },
      HookOrder::first);
  hooks.initialize_job.add("core-native-plugins",
                           [&index, used = std::move(used)](JobContext& context) {
                             register_in(context, index, used);
                             return std::nullopt;
                           });
}

}  // namespace vdk
