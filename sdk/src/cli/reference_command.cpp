// vdk man and vdk reference: the pages are made from the table of commands, so they are never
// stale.
#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"
#include "cli/reference.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

int run_man(Invocation& invocation) {
  Program& program = invocation.program();
  const std::vector<Command>& commands = program.commands();
  if (invocation.has("all")) {
    const fs::path directory = invocation.get("all");
    write_file_atomic(directory / "vdk.1", man_page(commands));
    for (const Command& command : commands) {
      if (command.hidden) continue;
      write_file_atomic(directory / fmt::format("vdk-{}.1", command.name), man_page(command));
    }
    return 0;
  }
  if (!invocation.has("command")) {
    program.host().write_out(man_page(commands));
    return 0;
  }
  const std::string name = invocation.get("command");
  const auto found = std::ranges::find(commands, name, &Command::name);
  if (found == commands.end()) throw UsageError(fmt::format("No such command '{}'.", name));
  program.host().write_out(man_page(*found));
  return 0;
}

int run_reference(Invocation& invocation) {
  Program& program = invocation.program();
  program.host().write_out(invocation.get("what") == "options"
                               ? option_reference(program.configure(nullptr, {}))
                               : command_reference(program.commands()));
  return 0;
}

}  // namespace

Command man_command() {
  return {.name = "man",
          .summary = "Print the manual page of the program or of a command, in roff.",
          .examples = "vdk man run | man -l -\nvdk man --all ~/.local/share/man/man1",
          .arguments = {{.key = "command",
                         .metavar = "COMMAND",
                         .help = "The command; the program itself where none is given.",
                         .required = false}},
          .options = {{.names = "--all",
                       .key = "all",
                       .metavar = "DIRECTORY",
                       .help = "Write all pages into this directory instead."}},
          .run = run_man};
}

Command reference_command() {
  return {.name = "reference",
          .summary =
              "Print the reference of all commands, or of all configuration options, as "
              "Markdown.",
          .examples = "vdk reference commands\nvdk reference options",
          .arguments = {{.key = "what",
                         .metavar = "WHAT",
                         .help = "commands (the default) or options.",
                         .required = false}},
          .run = run_reference};
}

}  // namespace vdk
