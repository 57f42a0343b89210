#include "cli/python_launcher.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "base/shared_library.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> kWithoutPlugins = {"--version", "completion", "plugins"};

// The word that chooses what happens, or nothing.
std::string_view chosen(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "-v" || word == "--verbosity") {
      ++i;
    } else if (!word.starts_with('-') || word == "--version") {
      return word;
    }
  }
  return {};
}

}  // namespace

bool lists_loaded_plugins(const std::vector<std::string>& arguments) {
  return chosen(arguments) == "plugins" &&
         std::ranges::find(arguments, "--load") != arguments.end();
}

bool needs_python_plugins(const PythonEnvironment& environment,
                          const std::vector<std::string>& arguments) {
  const bool does_without =
      std::ranges::find(kWithoutPlugins, chosen(arguments)) != kWithoutPlugins.end();
  return !environment.plugins.empty() && (!does_without || lists_loaded_plugins(arguments));
}

void continue_in_python(const PythonEnvironment& environment,
                        const std::vector<std::string>& arguments) {
  // Where there is none, looking again says why.
  const Interpreter interpreter =
      environment.interpreter.executable.empty() ? find_interpreter() : environment.interpreter;
  const fs::path entry =
      installation_prefix() / "lib" / "vdk" / "python" / "vdk" / "host" / "entry.py";
  if (access(entry.c_str(), R_OK) != 0) {
    throw configuration_error(
        {.what = "Python steps or plugins are to run, but this installation has no Python host.",
         .why = fmt::format("There is no file {}.", entry.string()),
         .consequence = "No step was run.",
         .countermeasure = "Install vdk with its Python package (make install), or build with "
                           "-DVDK_PYTHON_HOST=ON."});
  }
  std::vector<std::string> words{interpreter.executable.string(), entry.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  throw configuration_error(
      {.what =
           fmt::format("The interpreter {} cannot be started.", interpreter.executable.string()),
       .why = fmt::format("The system says: {}. It was chosen by {}.", std::strerror(errno),
                          interpreter.chosen_by),
       .consequence = "No step was run.",
       .countermeasure = "Set VDK_PYTHON to a Python interpreter that runs here."});
}

}  // namespace vdk
