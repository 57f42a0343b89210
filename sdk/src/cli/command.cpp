#include "cli/command.hpp"

#include <algorithm>
#include <iterator>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command_job.hpp"
#include "cli/plugin_commands.hpp"
#include "cli/program.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {

namespace {

constexpr std::size_t kHelpWidth = 100;

// Two columns, the second one wrapped.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t first = 0;
  for (const auto& [left, right] : rows)
    first = std::max(first, std::min<std::size_t>(left.size(), 34));
  std::string text;
  for (const auto& [left, right] : rows) {
    std::string line = fmt::format("  {:<{}}  ", left, first);
    const std::size_t indent = first + 4;
    if (left.size() > first) {
      text += line + '\n';
      line.assign(indent, ' ');
    }
    bool line_has_word = false;
    for (const std::string& word : split(right, ' ')) {
      if (line_has_word && line.size() + 1 + word.size() > kHelpWidth) {
        text += line + '\n';
        line.assign(indent, ' ');
        line_has_word = false;
      }
      if (line_has_word) line += ' ';
      line += word;
      line_has_word = true;
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + '\n';
  }
  return text;
}

std::string option_label(const CommandOption& option) {
  std::string label = join(split_list(option.names), ", ");
  if (!option.choices.empty()) {
    label += fmt::format(" [{}]", join(option.choices, "|"));
  } else if (!option.metavar.empty()) {
    label += ' ' + option.metavar;
  }
  return label;
}

std::string option_help(const CommandOption& option) {
  std::string help = option.help;
  if (!option.default_value.empty()) help += fmt::format("  [default: {}]", option.default_value);
  if (option.required) help += "  [required]";
  return help;
}

}  // namespace

std::string Invocation::get(std::string_view key) const {
  const auto found = values_.find(std::string(key));
  return found == values_.end() || found->second.empty() ? std::string() : found->second.back();
}

std::vector<std::string> Invocation::all(std::string_view key) const {
  const auto found = values_.find(std::string(key));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

void Invocation::print(std::string_view text) { program_.host().write_out(text); }
void Invocation::print_error(std::string_view text) { program_.host().write_err(text); }

Configuration Invocation::configure(const std::vector<std::string>& settings) {
  return program_.configure(nullptr, settings);
}

int Invocation::run_as_job(const std::function<void(JobContext&)>& work,
                           const std::vector<std::string>& settings) {
  return vdk::run_as_job(program_, {.settings = settings}, work);
}

void register_core_commands(HookDispatcher& hooks, PluginIndex& plugins,
                            std::function<bool()> with_declared) {
  hooks.vdk_command_line.add(
      "core",
      [&plugins, with_declared = std::move(with_declared)](std::vector<Command>& commands) {
        std::ranges::move(engine_query_commands(plugins.manifests()), std::back_inserter(commands));
        for (auto make :
             {clean_command,   completion_command, config_command,    config_help_command,
              create_command,  doctor_command,     export_command,    export_csv_command,
              ingest_command,  ingest_csv_command, man_command,       plugin_command,
              plugins_command, properties_command, reference_command, run_command,
              runs_command,    secrets_command,    sql_command,       sql_query_command,
              version_command}) {
          commands.push_back(make());
        }
        if (with_declared()) {
          std::ranges::move(declared_commands(plugins), std::back_inserter(commands));
        }
        return std::nullopt;
      },
      HookOrder::first);
}

std::vector<Command> gather_commands(const HookDispatcher& hooks) {
  std::vector<Command> added;
  hooks.vdk_command_line.call(added);
  std::map<std::string, Command> by_name;
  for (Command& command : added) {
    std::string name = command.name;
    by_name.insert_or_assign(std::move(name), std::move(command));
  }
  std::vector<Command> commands;
  for (auto& [name, command] : by_name) commands.push_back(std::move(command));
  return commands;
}

std::map<std::string, std::vector<std::string>> parse_command_line(
    const Command& command, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.positionals_at_end(false);
  std::vector<std::vector<std::string>> option_values(command.options.size());
  std::vector<std::int64_t> flag_counts(command.options.size());
  std::vector<std::vector<std::string>> argument_values(command.arguments.size());
  std::vector<CLI::Option*> options;

  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const CommandOption& option = command.options[i];
    if (option.metavar.empty() && option.choices.empty()) {
      options.push_back(app.add_flag(option.names, flag_counts[i]));
      continue;
    }
    CLI::Option* added = app.add_option(option.names, option_values[i])->expected(option.values);
    // The last one wins, as users of shells expect; repeated ones are all kept.
    added->multi_option_policy(option.repeated || option.values > 1
                                   ? CLI::MultiOptionPolicy::TakeAll
                                   : CLI::MultiOptionPolicy::TakeLast);
    added->allow_extra_args(false);
    options.push_back(added);
  }
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const CommandArgument& argument = command.arguments[i];
    CLI::Option* added = app.add_option(argument.key, argument_values[i]);
    added->expected(argument.repeated ? -1 : 1)->allow_extra_args(argument.repeated);
  }

  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
  } catch (const CLI::ExtrasError&) {
    std::vector<std::string> known;
    for (const CommandOption& option : command.options) {
      for (const std::string& name : split_list(option.names)) known.push_back(name);
    }
    const std::string extra = app.remaining().empty() ? std::string() : app.remaining().front();
    if (!extra.starts_with('-'))
      throw UsageError(fmt::format("Got unexpected extra argument ({})", extra));
    const auto nearest = nearest_name(extra, known);
    throw UsageError(nearest ? fmt::format("No such option: {} Did you mean {}?", extra, *nearest)
                             : fmt::format("No such option: {}", extra));
  } catch (const CLI::ArgumentMismatch&) {
    const std::string last = words.empty() ? std::string() : words.back();
    if (!last.starts_with('-'))
      throw UsageError(fmt::format("Got unexpected extra argument ({})", last));
    throw UsageError(fmt::format("Option '{}' requires an argument.", last));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }

  std::map<std::string, std::vector<std::string>> values;
  for (std::size_t i = 0; i < command.options.size(); ++i) {
    const CommandOption& option = command.options[i];
    if (options[i]->count() == 0) {
      if (option.required)
        throw UsageError(
            fmt::format("Missing option '{}'.", join(split_list(option.names), "' / '")));
      if (!option.default_value.empty()) values[option.key] = {option.default_value};
      continue;
    }
    if (option.metavar.empty() && option.choices.empty()) {
      const std::size_t times = option.repeated ? options[i]->count() : 1;
      values[option.key] = std::vector<std::string>(times, "true");
      continue;
    }
    for (std::string& value : option_values[i]) {
      if (option.choices.empty()) continue;
      value = lower(value);
      if (std::ranges::find(option.choices, value) == option.choices.end()) {
        throw UsageError(fmt::format("Invalid value for '{}': '{}' is not one of '{}'.",
                                     join(split_list(option.names), "' / '"), value,
                                     join(option.choices, "', '")));
      }
    }
    values[option.key] = option_values[i];
  }
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const CommandArgument& argument = command.arguments[i];
    if (!argument_values[i].empty()) {
      values[argument.key] = argument_values[i];
    } else if (argument.required) {
      throw UsageError(fmt::format("Missing argument '{}'.", argument.metavar));
    }
  }
  return values;
}

std::string usage_line(const Command& command) {
  std::string line = fmt::format("Usage: vdk {} [OPTIONS]", command.name);
  for (const CommandArgument& argument : command.arguments) {
    std::string text = argument.metavar + (argument.repeated ? "..." : "");
    line += argument.required ? ' ' + text : " [" + text + ']';
  }
  return line + '\n';
}

std::string command_help(const Command& command) {
  std::string help = usage_line(command) + '\n';
  help += "  " + replace_all(command.summary, "\n", "\n  ") + '\n';
  if (!command.examples.empty()) {
    help += "\nExamples:\n";
    for (const std::string& line : split(command.examples, '\n')) help += "  " + line + '\n';
  }
  std::vector<std::pair<std::string, std::string>> rows;
  for (const CommandArgument& argument : command.arguments) {
    if (!argument.help.empty()) rows.emplace_back(argument.metavar, argument.help);
  }
  if (!rows.empty()) help += "\nArguments:\n" + two_columns(rows);
  rows.clear();
  for (const CommandOption& option : command.options) {
    if (!option.hidden) rows.emplace_back(option_label(option), option_help(option));
  }
  rows.emplace_back("--help", "Show this message and exit.");
  help += "\nOptions:\n" + two_columns(rows);
  return help;
}

std::string program_help(const std::vector<Command>& commands) {
  std::string help =
      "Usage: vdk [OPTIONS] COMMAND [ARGS]...\n\n"
      "  Versatile Data Kit: develop, run and operate data jobs of SQL and Python steps.\n\n"
      "Examples:\n"
      "  vdk create -n my-job       makes a job that runs at once\n"
      "  vdk run my-job             runs it\n"
      "  vdk sql 'select 1'         asks the default database\n\n"
      "Options:\n";
  help += two_columns({{"-v, --verbosity LVL", "Either CRITICAL, ERROR, WARNING, INFO or DEBUG."},
                       {"--version", "Show the version and exit."},
                       {"--help", "Show this message and exit."}});
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : commands) {
    if (!command.hidden)
      rows.emplace_back(command.name, command.summary.substr(0, command.summary.find('\n')));
  }
  help += "\nCommands:\n" + two_columns(rows);
  return help;
}

}  // namespace vdk
