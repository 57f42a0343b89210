#include "job/native_plugins.hpp"

#include <algorithm>

#include "hooks/python_environment.hpp"
#include "vdk/base/error.hpp"
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

void register_in(JobContext& context, PluginIndex& index, const NativeContributions& used) {
  const Configuration& configuration = context.configuration();
  const auto distributions = installed_distributions(configuration);
  for (const PluginManifest& manifest : index.manifests()) {
    const bool is_installed = std::ranges::find(distributions, "vdk-" + manifest.name,
                                                &PluginDistribution::name) != distributions.end();
    const Provider provider = is_installed ? Provider::plugin : Provider::built_in;
    std::vector<std::pair<std::string, std::string>> connections;  // name, section
    std::vector<std::pair<std::string, std::string>> sinks;
    for (const std::string& name : manifest.connections)
      connections.emplace_back(name, kMainSection);
    for (const std::string& name : manifest.sinks) sinks.emplace_back(name, kMainSection);
    for (const std::string& section : configuration.sections()) {
      if (section == kMainSection || manifest.section_key.empty()) continue;
      if (configuration.get(manifest.section_key, section).is_null()) continue;
      connections.emplace_back(section, section);
      sinks.emplace_back(section, section);
    }
    ConnectionFactory connect = [&index, &manifest](const Configuration& current,
                                                    std::string_view of_section) {
      return index.connection_factory(manifest)(current, of_section);
    };
    SinkFactory store = [&index, &manifest](const Configuration& current,
                                            std::string_view of_section) {
      return index.sink_factory(manifest)(current, of_section);
    };
    if (used.connection) connect = used.connection(manifest, std::move(connect));
    if (used.sink) store = used.sink(manifest, std::move(store));
    for (const auto& [name, section] : connections) {
      context.connections().add(name, connect, provider, manifest.engine, section);
    }
    for (const auto& [name, section] : sinks) context.ingester().add_sink(name, store, section);
  }
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
