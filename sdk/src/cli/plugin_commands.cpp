#include "cli/plugin_commands.hpp"

#include <fmt/format.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

namespace {

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  const std::string* text = value ? value->if_string() : nullptr;
  return text ? *text : std::string();
}

bool flag_at(const Value& map, std::string_view key, bool otherwise) {
  const Value* value = map.find(key);
  return value && value->if_bool() ? *value->if_bool() : otherwise;
}

const Value::List& list_at(const Value& map, std::string_view key) {
  static const Value::List none;
  const Value* value = map.find(key);
  return value && value->if_list() ? *value->if_list() : none;
}

Command parse_command(const Value& declared) {
  Command command{.name = text_at(declared, "name"),
                  .summary = text_at(declared, "summary"),
                  .examples = text_at(declared, "examples"),
                  .hidden = flag_at(declared, "hidden", false)};
  if (command.name.empty() || command.name.starts_with('-') || command.name.contains(' ')) {
    throw configuration_error({.what = fmt::format("'{}' is no name of a command.", command.name)});
  }
  for (const Value& each : list_at(declared, "arguments")) {
    CommandArgument argument{.key = text_at(each, "key"),
                             .metavar = text_at(each, "metavar"),
                             .help = text_at(each, "help"),
                             .required = flag_at(each, "required", true),
                             .repeated = flag_at(each, "repeated", false)};
    if (argument.key.empty()) throw configuration_error({.what = "An argument has no key."});
    if (argument.metavar.empty()) argument.metavar = argument.key;
    command.arguments.push_back(std::move(argument));
  }
  for (const Value& each : list_at(declared, "options")) {
    CommandOption option{.names = text_at(each, "names"),
                         .key = text_at(each, "key"),
                         .metavar = text_at(each, "metavar"),
                         .help = text_at(each, "help"),
                         .required = flag_at(each, "required", false),
                         .repeated = flag_at(each, "repeated", false),
                         .default_value = text_at(each, "default"),
                         .hidden = flag_at(each, "hidden", false)};
    for (const Value& choice : list_at(each, "choices")) {
      if (const std::string* text = choice.if_string()) option.choices.push_back(*text);
    }
    if (!option.names.starts_with('-') || option.key.empty()) {
      throw configuration_error(
          {.what = fmt::format("The option '{}' needs names that begin with a dash, and a key.",
                               option.names)});
    }
    command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace

std::vector<Command> declared_commands(PluginIndex& plugins) {
  std::vector<Command> commands;
  for (const PluginManifest& manifest : plugins.manifests()) {
    for (const Value& declared : manifest.commands.read()) {
      try {
        Command command = parse_command(declared);
        if (!manifest.keeps("command", command.name)) continue;
        command.run = [&plugins, &manifest, name = command.name](Invocation& invocation) {
          return plugins.command(manifest, name)(invocation);
        };
        commands.push_back(std::move(command));
      } catch (const Error& error) {
        log(LogLevel::warning, "vdk.plugins",
            fmt::format("A command of the plugin {} ({}) was left out: {}", manifest.name,
                        manifest.file.string(), error.what()));
      }
    }
  }
  return commands;
}

}  // namespace vdk
