#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/plugin_report.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"

namespace vdk {

namespace {

Value texts(const std::vector<std::string>& list) {
  Value::List values;
  for (const std::string& text : list) values.emplace_back(text);
  return values;
}

Value to_value(const PluginReport& report) {
  Value value;
  value.set("name", report.name);
  value.set("version", report.version);
  value.set("kind", report.kind);
  value.set("source", report.source);
  value.set("place", report.place);
  value.set("contributions", texts(report.contributions));
  value.set("hooks", texts(report.hooks));
  value.set("load_milliseconds",
            report.load_milliseconds ? Value(*report.load_milliseconds) : Value());
  Value::List imports;
  for (const ImportCost& import : report.imports) {
    Value cost;
    cost.set("module", import.module);
    cost.set("milliseconds", import.milliseconds);
    imports.push_back(std::move(cost));
  }
  value.set("imports", std::move(imports));
  value.set("state", report.state);
  value.set("cause", report.cause);
  return value;
}

// Where the time goes that plugins of Python take in every command.
std::string slowest_imports(const std::vector<PluginReport>& reports) {
  constexpr std::size_t kShown = 5;
  std::vector<std::pair<ImportCost, std::string>> slowest;
  for (const PluginReport& report : reports) {
    for (const ImportCost& import : report.imports) slowest.emplace_back(import, report.name);
  }
  std::ranges::sort(slowest, std::ranges::greater(),
                    [](const auto& each) { return each.first.milliseconds; });
  if (slowest.size() > kShown) slowest.resize(kShown);
  std::string text = slowest.empty() ? "" : "\nSlowest imports:\n";
  for (const auto& [import, plugin] : slowest)
    text += fmt::format("  {:.1f} ms  {}, by {}\n", import.milliseconds, import.module, plugin);
  return text;
}

std::string to_text(const std::vector<PluginReport>& reports) {
  std::vector<std::vector<Value>> rows;
  std::string causes;
  for (const PluginReport& report : reports) {
    std::vector<std::string> contributed = report.contributions;
    for (const std::string& hook : report.hooks) contributed.push_back("hook " + hook);
    rows.push_back({report.name, report.version, report.kind, report.source,
                    join(contributed, "\n"),
                    report.load_milliseconds ? fmt::format("{:.1f} ms", *report.load_milliseconds)
                                             : std::string(),
                    report.state});
    if (!report.cause.empty()) {
      causes +=
          fmt::format("{} ({}) is {}: {}.\n", report.name, report.kind, report.state,
                      report.cause.ends_with('.') ? report.cause.substr(0, report.cause.size() - 1)
                                                  : report.cause);
    }
  }
  std::string text = simple_table(
      {"name", "version", "kind", "source", "contributes", "load time", "state"}, rows);
  if (!causes.empty()) text += '\n' + causes;
  text += slowest_imports(reports);
  const bool unknown = std::ranges::any_of(reports, [](const PluginReport& report) {
    return report.kind == "python" && !report.load_milliseconds;
  });
  if (unknown) text += "\nHooks, load times and the slowest imports: vdk plugins --load\n";
  return text;
}

int run(Invocation& invocation) {
  Program& program = invocation.program();
  PluginIndex& plugins = program.plugins();
  if (invocation.has("load")) {
    for (const PluginManifest& manifest : plugins.manifests()) {
      try {
        plugins.open(manifest);
      } catch (const Error&) {
        // Its row says so.
      }
    }
  }
  const std::vector<PluginDistribution>& distributions = plugins.environment().plugins;
  std::vector<PluginReport> reports = report_native_plugins(plugins, distributions);
  for (PluginReport& report : program.host().python_plugins(plugins, distributions)) {
    reports.push_back(std::move(report));
  }
  if (invocation.get("output") == "json") {
    Value::List list;
    for (const PluginReport& report : reports) list.push_back(to_value(report));
    program.host().write_out(to_json(list, 2) + '\n');
  } else {
    program.host().write_out(to_text(reports));
  }
  return 0;
}

}  // namespace

Command plugins_command() {
  return {.name = "plugins",
          .summary =
              "List plugins: what each contributes, where it comes from and its state.\n"
              "It loads none, as long as --load does not ask for it: then it tells what plugins of "
              "Python implement, how long each takes to load, and which imports take longest.",
          .examples = "vdk plugins\nvdk plugins --load --output json",
          .options = {{.names = "--load",
                       .key = "load",
                       .help = "Open every native plugin and load every one of Python first."},
                      {.names = "-o,--output",
                       .key = "output",
                       .help = "How the list is printed.",
                       .choices = {"text", "json"},
                       .default_value = "text"}},
          .run = run};
}

}  // namespace vdk
