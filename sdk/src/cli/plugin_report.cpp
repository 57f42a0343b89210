#include "cli/plugin_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk {

namespace {

std::string in_words(const AnnouncedHook& hook) {
  std::string text = hook.name;
  if (hook.order == HookOrder::first) text += ":first";
  if (hook.order == HookOrder::last) text += ":last";
  if (hook.wrapper) text += ":wrapper";
  return text;
}

std::vector<std::string> contributions_of(const PluginManifest& manifest) {
  std::vector<std::string> all;
  for (const auto& [kind, name] : manifest.unique_contributions()) {
    std::string text = fmt::format("{} {}", kind, name);
    for (const LostContribution& lost : manifest.lost) {
      if (lost.kind == kind && lost.name == name) text += fmt::format(" (of {})", lost.winner);
    }
    all.push_back(std::move(text));
  }
  return all;
}

}  // namespace

std::vector<PluginReport> report_native_plugins(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions) {
  std::vector<PluginReport> reports;
  for (const PluginStanding& standing : plugins.standings()) {
    const PluginManifest& manifest = standing.manifest;
    PluginReport report{.name = manifest.name,
                        .version = manifest.version,
                        .kind = "native",
                        .source = std::string(to_string(manifest.source)),
                        .place = manifest.file.string(),
                        .contributions = contributions_of(manifest),
                        .hooks = {},
                        .state = std::string(to_string(standing.state)),
                        .cause = standing.cause};
    for (const AnnouncedHook& hook : manifest.hooks) report.hooks.push_back(in_words(hook));
    if (standing.state == PluginState::loaded) {
      report.load_milliseconds = standing.load_time.count();
    }
    const auto original =
        std::ranges::find(distributions, manifest.original, &PluginDistribution::name);
    if (standing.state == PluginState::not_needed && !manifest.original.empty() &&
        original != distributions.end()) {
      report.state = to_string(PluginState::shadowed);
      report.cause = fmt::format("the Python plugin {} takes its place", original->name);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<PluginReport> report_distributions(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions) {
  std::vector<PluginReport> reports;
  for (const PluginDistribution& distribution : distributions) {
    PluginReport report{.name = distribution.name,
                        .version = distribution.version,
                        .kind = "python",
                        .source = std::string(to_string(PluginSource::environment)),
                        .place = {},
                        .contributions = {},
                        .hooks = {},
                        .state = "not loaded"};
    for (const EntryPoint& point : distribution.entry_points) {
      report.contributions.push_back(fmt::format("{} {}", point.group, point.name));
    }
    for (const PluginManifest& manifest : plugins.manifests()) {
      if (manifest.connections.empty() || !manifest.original.empty() ||
          manifest.source != PluginSource::installation ||
          distribution.name != "vdk-" + manifest.name) {
        continue;
      }
      report.state = to_string(PluginState::shadowed);
      report.cause = fmt::format(
          "the names of {} are those of the native plugin {}; native_engines = false restores this "
          "one",
          manifest.title, manifest.name);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace vdk
