// Shell completion. The scripts ask the program itself (`vdk completion --words LINE`), so they
// never go stale.
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"

namespace vdk {

namespace {

constexpr std::string_view kBash = R"SH(_vdk() {
    local IFS=$'\n' words
    words=$(vdk completion --words "${COMP_WORDS[*]:1:COMP_CWORD-1}" 2>/dev/null)
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _vdk vdk
)SH";

constexpr std::string_view kZsh = R"SH(#compdef vdk
_vdk() {
    local -a candidates
    candidates=(${(f)"$(vdk completion --words "${words[2,CURRENT-1]}" 2>/dev/null)"})
    compadd -a candidates
    _files
}
compdef _vdk vdk
)SH";

constexpr std::string_view kFish = R"SH(function __vdk_complete
    set -l words (commandline -opc)
    vdk completion --words "$words[2..-1]" 2>/dev/null
end
complete -c vdk -a '(__vdk_complete)'
)SH";

// What may follow the words typed so far, one a line.
std::string candidates(const std::vector<Command>& commands, const std::string& line) {
  std::string out;
  for (const std::string& word : split(replace_all(line, "\n", " "), ' ')) {
    for (const Command& command : commands) {
      if (command.name != word) continue;
      for (const CommandOption& option : command.options) {
        if (option.hidden) continue;
        for (const std::string& name : split_list(option.names)) {
          if (name.starts_with("--")) out += name + '\n';
        }
      }
      return out + "--help\n";
    }
  }
  for (const Command& command : commands) {
    if (!command.hidden) out += command.name + '\n';
  }
  return out + "--help\n--verbosity\n--version\n";
}

int run(Invocation& invocation) {
  Host& host = invocation.program().host();
  if (invocation.has("words")) {
    host.write_out(candidates(invocation.program().commands(), invocation.get("words")));
    return 0;
  }
  const std::string shell = invocation.get("shell");
  if (shell == "bash") {
    host.write_out(kBash);
  } else if (shell == "zsh") {
    host.write_out(kZsh);
  } else if (shell == "fish") {
    host.write_out(kFish);
  } else {
    throw UsageError("Invalid value for 'SHELL': '" + shell +
                     "' is not one of 'bash', 'zsh', 'fish'.");
  }
  return 0;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .summary = "Print the completion script of a shell.",
          .examples =
              "source <(vdk completion bash)\n"
              "vdk completion zsh > ~/.zfunc/_vdk\n"
              "vdk completion fish > ~/.config/fish/completions/vdk.fish",
          .arguments = {{.key = "shell",
                         .metavar = "SHELL",
                         .help = "bash, zsh or fish.",
                         .required = false}},
          .options = {{.names = "--words", .key = "words", .metavar = "LINE", .hidden = true}},
          .run = run};
}

}  // namespace vdk
