#include "job/native_plugins.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "hooks/python_environment.hpp"
#include "job/announced_hooks.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

namespace {

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
  std::string distribution;
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
      context.stand_in(Contribution::connection, alias.name, alias.distribution);
      context.connections().add(
          alias.name,
          [alias](const Configuration& current, std::string_view section) {
            warn_of(alias);
            return alias.connect(current, section);
          },
          Provider::built_in, alias.engine, alias.section);
    }
    if (alias.store && std::ranges::find(methods, alias.name) == methods.end()) {
      context.stand_in(Contribution::sink, alias.name, alias.distribution);
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

// Adds the back ends of properties, or secrets, that plugins bring. All of them outlive the router.
void register_stores(StateRouter& router, StateKind kind, PluginIndex& index,
                     const Configuration& configuration) {
  const bool secrets = kind == StateKind::secrets;
  for (const PluginManifest& manifest : index.manifests()) {
    for (const std::string& type : secrets ? manifest.secrets : manifest.properties) {
      if (!manifest.keeps(secrets ? "secrets" : "properties", type)) continue;
      StateRouter::Factory make = [&index, &manifest, &configuration, type, secrets] {
        return secrets ? index.secrets(manifest, type)(configuration)
                       : index.properties(manifest, type)(configuration);
      };
      if (manifest.source == PluginSource::installation) {
        router.add_built_in(type, std::move(make));
      } else {
        router.add(type, std::move(make));
      }
    }
  }
}

// All but connections and ingest methods, which sections of the configuration multiply.
void register_other_contributions(JobContext& context, PluginIndex& index) {
  context.step_endings = step_endings(index);
  for (const PluginManifest& manifest : index.manifests()) {
    for (const std::string& name : manifest.preprocessors) {
      if (!manifest.keeps("pre-processor", name)) continue;
      context.ingester().add_preprocessor(name, [&index, &manifest, &context, name] {
        return index.preprocessor(manifest, name)(context);
      });
    }
    for (const std::string& name : manifest.postprocessors) {
      if (!manifest.keeps("post-processor", name)) continue;
      context.ingester().add_postprocessor(name, [&index, &manifest, &context, name] {
        return index.postprocessor(manifest, name)(context);
      });
    }
    for (const auto& [type, endings] : manifest.steps) {
      if (!manifest.keeps("step type", type)) continue;
      context.runners.try_emplace(
          type, [&index, &manifest, name = type](JobContext& running, const Step& step) {
            return index.step_runner(manifest, name)(running, step);
          });
    }
    for (const TemplateEntry& entry : manifest.templates) {
      if (!manifest.keeps("template", entry.database + '/' + entry.name)) continue;
      context.templates().add(entry.name, entry.directory, entry.database);
    }
  }
  register_stores(context.properties(), StateKind::properties, index, context.configuration());
  register_stores(context.secrets(), StateKind::secrets, index, context.configuration());
}

}  // namespace

StepEndings step_endings(const PluginIndex& index) {
  StepEndings endings = core_step_endings();
  for (const PluginManifest& manifest : index.manifests()) {
    for (const auto& [type, of_type] : manifest.steps) {
      if (!manifest.keeps("step type", type)) continue;
      for (const std::string& ending : of_type) endings.try_emplace(ending, type);
    }
  }
  return endings;
}

void register_native_contributions(JobContext& context, PluginIndex& index,
                                   const NativeContributions& used) {
  const Configuration& configuration = context.configuration();
  const std::vector<PluginDistribution>& distributions = index.environment().plugins;
  std::vector<Alias> aliases;
  register_other_contributions(context, index);
  for (const PluginManifest& manifest : index.manifests()) {
    const std::string distribution = "vdk-" + manifest.name;
    const bool has_original = std::ranges::find(distributions, distribution,
                                                &PluginDistribution::name) != distributions.end();
    const bool is_installed = manifest.source != PluginSource::installation || has_original;
    // The plugin's own are wanted, and it brings them.
    const bool is_engine = !manifest.connections.empty();
    if (is_engine && has_original && !configuration.get_bool("native_engines")) continue;
    const auto provider_in = [&](std::string_view section) {
      // As upstream's plugins, which register nothing where nothing is configured.
      const bool counts =
          manifest.section_keys.empty() || has_any(configuration, manifest.section_keys, section);
      return is_installed && counts ? Provider::plugin : Provider::built_in;
    };
    std::vector<std::pair<std::string, std::string>> connections;  // name, section
    std::vector<std::pair<std::string, std::string>> sinks;
    for (const std::string& name : manifest.connections) {
      if (manifest.keeps("connection", name)) connections.emplace_back(name, kMainSection);
    }
    for (const std::string& name : manifest.sinks) {
      if (manifest.keeps("ingest method", name)) sinks.emplace_back(name, kMainSection);
    }
    for (const std::string& section : configuration.sections()) {
      if (section == kMainSection || !has_any(configuration, manifest.section_keys, section)) {
        continue;
      }
      if (!manifest.connections.empty()) connections.emplace_back(section, section);
      if (!manifest.sinks.empty()) sinks.emplace_back(section, section);
    }
    const auto connect_as = [&](const std::string& name) {
      ConnectionFactory own = [&index, &manifest, name, &scope = context.scope()](
                                  const Configuration& current, std::string_view of_section) {
        auto driver = index.connection_factory(manifest, name)(current, of_section);
        if (!scope.former_comment.empty()) driver->end_orphans(scope.former_comment);
        return driver;
      };
      return used.connection ? used.connection(manifest, std::move(own)) : own;
    };
    const auto store_as = [&](const std::string& name) {
      SinkFactory own = [&index, &manifest, name](const Configuration& current,
                                                  std::string_view of_section,
                                                  const Destination& destination) {
        return index.sink_factory(manifest, name)(current, of_section, destination);
      };
      return used.sink ? used.sink(manifest, std::move(own)) : own;
    };
    for (const auto& [name, section] : connections) {
      const ConnectionFactory connect = connect_as(name);
      if (is_engine) context.stand_in(Contribution::connection, name, distribution);
      context.connections().add(name, connect, provider_in(section), manifest.engine, section);
      const std::string old = manifest.trimmed_section_names ? trimmed(name) : name;
      if (section != kMainSection && old != name && !old.empty()) {
        aliases.push_back({.name = old,
                           .section = section,
                           .connect = connect,
                           .store = manifest.sinks.empty() ? SinkFactory() : store_as(name),
                           .engine = manifest.engine,
                           .distribution = distribution});
      }
    }
    for (const auto& [name, section] : sinks) {
      if (is_engine) context.stand_in(Contribution::sink, name, distribution);
      context.ingester().add_sink(name, store_as(name), section);
    }
  }
  register_aliases(context, aliases);
}

void register_native_plugins(HookDispatcher& hooks, PluginIndex& index, NativeContributions used) {
  announce_hooks(index, hooks);
  hooks.vdk_configure.add(
      "core-native-plugins",
      [&index](ConfigurationBuilder& builder) {
        index.declare_options(builder);
        return std::nullopt;
      },
      HookOrder::first);
  // First: what plugins register, they register in the place of ours.
  hooks.initialize_job.add(
      "core-native-plugins",
      [&index, used = std::move(used)](JobContext& context) {
        register_native_contributions(context, index, used);
        return std::nullopt;
      },
      HookOrder::first);
}

}  // namespace vdk
