#include "cli/reference.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

// Text that roff takes for text.
std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string man_head(std::string_view page, std::string_view summary) {
  return fmt::format(".TH {} 1 \"\" \"vdk {}\" \"Versatile Data Kit\"\n.SH NAME\n{} \\- {}\n",
                     upper(page), version(), roff(page), roff(first_line(summary)));
}

std::string option_words(const CommandOption& option) {
  std::string words = join(split_list(option.names), ", ");
  if (!option.choices.empty()) {
    words += fmt::format(" [{}]", join(option.choices, "|"));
  } else if (!option.metavar.empty()) {
    words += ' ' + option.metavar;
  }
  return words;
}

std::string option_help(const CommandOption& option) {
  std::string help = option.help;
  if (!option.default_value.empty()) {
    help += fmt::format("{}Default: {}.", help.empty() ? "" : " ", option.default_value);
  }
  if (option.required) help += help.empty() ? "Required." : " Required.";
  return help;
}

std::string usage(const Command& command) {
  const std::string line = usage_line(command);
  const std::string_view prefix = "Usage: ";
  return std::string(trim(std::string_view(line).substr(prefix.size())));
}

// In a cell of a table.
std::string cell(std::string_view text) {
  return replace_all(replace_all(text, "\n", " "), "|", "\\|");
}

std::string in_words(const Value& value) {
  if (value.is_null()) return {};
  std::string text = to_python_text(value);
  std::error_code ignored;
  const std::string temporary = std::filesystem::temp_directory_path(ignored).string();
  if (!ignored && text.starts_with(temporary)) {
    text.replace(0, temporary.size(), "<temporary directory>");
  }
  return text;
}

}  // namespace

std::string man_page(const std::vector<Command>& commands) {
  std::string page = man_head("vdk", "develop, run and operate data jobs of SQL and Python steps");
  page +=
      ".SH SYNOPSIS\n.B vdk\n[\\-v LEVEL] COMMAND [ARGUMENTS]\n"
      ".SH DESCRIPTION\n"
      "A data job is a directory of files that end in .sql or .py, its steps, and a file "
      "config.ini. "
      "Each command has a page of its own, for example vdk\\-run(1).\n"
      ".SH OPTIONS\n"
      ".TP\n\\-v, \\-\\-verbosity LEVEL\nCRITICAL, ERROR, WARNING, INFO or DEBUG.\n"
      ".TP\n\\-\\-version\nShow the version and exit.\n"
      ".TP\n\\-\\-help\nShow what there is and exit; also behind a command.\n"
      ".SH COMMANDS\n";
  for (const Command& command : commands) {
    if (command.hidden) continue;
    page += fmt::format(".TP\n.B {}\n{}\n", roff(command.name), roff(first_line(command.summary)));
  }
  page +=
      ".SH ENVIRONMENT\n"
      ".TP\nVDK_KEY\nThe value of the option KEY of the configuration; see `vdk config\\-help`.\n"
      ".TP\nVDK_PYTHON\nThe interpreter of Python steps.\n"
      ".TP\nVDK_PLUGIN_PATH\nFurther directories of native plugins, separated by colons.\n"
      ".TP\nVDK_STATE_DIRECTORY\nWhere local state is kept; ~/.local/state/vdk by default.\n"
      ".SH EXIT STATUS\n"
      "0 where all went well, 1 after a failure, 2 where the command line was wrong, 130 and 143 "
      "after SIGINT and SIGTERM.\n";
  return page;
}

std::string man_page(const Command& command) {
  std::string page = man_head("vdk-" + command.name, command.summary);
  page += fmt::format(".SH SYNOPSIS\n.B {}\n", roff(usage(command)));
  page += fmt::format(".SH DESCRIPTION\n{}\n", roff(command.summary));
  bool any = false;
  for (const CommandArgument& argument : command.arguments) {
    if (argument.help.empty()) continue;
    if (!std::exchange(any, true)) page += ".SH ARGUMENTS\n";
    page += fmt::format(".TP\n.I {}\n{}\n", roff(argument.metavar), roff(argument.help));
  }
  page += ".SH OPTIONS\n";
  for (const CommandOption& option : command.options) {
    if (option.hidden) continue;
    page += fmt::format(".TP\n{}\n{}\n", roff(option_words(option)), roff(option_help(option)));
  }
  page += ".TP\n\\-\\-help\nShow this and exit.\n";
  if (!command.examples.empty()) {
    page += fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", roff(command.examples));
  }
  return page + ".SH SEE ALSO\nvdk(1)\n";
}

std::string command_reference(const std::vector<Command>& commands) {
  std::string page =
      "# Commands\n\nPrinted by `vdk reference commands`; the same as `--help` behind each "
      "command.\n";
  for (const Command& command : commands) {
    if (command.hidden) continue;
    page += fmt::format("\n## vdk {}\n\n```\n{}\n```\n\n{}\n", command.name, usage(command),
                        command.summary);
    std::string rows;
    for (const CommandArgument& argument : command.arguments) {
      rows += fmt::format("| `{}` | {} |\n", cell(argument.metavar), cell(argument.help));
    }
    for (const CommandOption& option : command.options) {
      if (option.hidden) continue;
      rows += fmt::format("| `{}` | {} |\n", cell(option_words(option)), cell(option_help(option)));
    }
    if (!rows.empty()) page += "\n| | |\n|---|---|\n" + rows;
    if (!command.examples.empty()) page += fmt::format("\n```\n{}\n```\n", command.examples);
  }
  return page;
}

std::string option_reference(const Configuration& configuration) {
  std::string page =
      "# Configuration options\n\nPrinted by `vdk reference options`. A value comes from, the "
      "first "
      "that there is: a secret of that name, `-c KEY=VALUE`, the environment variable `VDK_KEY` or "
      "`KEY`, a plugin, `config.ini` of the job (section `[vdk]`), the default. `vdk config JOB` "
      "shows the values of a job.\n\n| key | default | meaning |\n|---|---|---|\n";
  for (const std::string& key : configuration.keys()) {
    const Option* option = configuration.option(key);
    if (!option) continue;
    const std::string value = in_words(option->default_value);
    std::string meaning = option->description;
    if (option->sensitive) meaning += " Sensitive: never shown.";
    page += fmt::format("| `{}` | {} | {} |\n", key,
                        value.empty() ? std::string() : fmt::format("`{}`", cell(value)),
                        cell(trim(meaning)));
  }
  return page;
}

}  // namespace vdk
