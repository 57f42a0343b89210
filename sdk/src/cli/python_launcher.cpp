#include "cli/python_launcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_script(const fs::path& program) {
  char start[2] = {};
  const int file = open(program.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const auto got = read(file, start, sizeof start);
  close(file);
  return got == 2 && start[0] == '#' && start[1] == '!';
}

// A version manager's python3 is a script that takes far longer than the interpreter behind it. Which one that is may depend on the
// working directory and on the manager's variables, so all of them are part of the key.
fs::path resolve_shim(const fs::path& shim) {
  std::error_code ignored;
  std::string key = shim.string();
  key += fmt::format("|{}", fs::last_write_time(shim, ignored).time_since_epoch().count());
  key += '|' + fs::current_path(ignored).string();
  for (const char* name : {"PYENV_VERSION", "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION"}) {
    key += '|' + environment(name);
  }
  const fs::path cache = local_state_directory() / "cache" / "interpreters.json";
  Value known;
  try {
    if (const auto text = read_file_if_exists(cache)) known = parse_json(*text);
  } catch (const std::exception&) {
    known = {};  // a damaged cache is made anew
  }
  if (const Value* entry = known.find(key)) {
    if (const std::string* path = entry->if_string(); path && access(path->c_str(), X_OK) == 0) return *path;
  }
  const auto answer = run_process({shim.string(), "-c", "import sys; print(sys.executable)"}, std::chrono::seconds(20));
  if (!answer || answer->exit_code != 0) return shim;
  const fs::path real{std::string(trim(answer->out))};
  if (access(real.c_str(), X_OK) != 0) return shim;
  try {
    known.set(key, real.string());
    write_file_atomic(cache, to_json(known));
  } catch (const std::exception&) {
    // Without a cache the next start asks again.
  }
  return real;
}

bool is_executable(const fs::path& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

Interpreter find_interpreter() {
  const std::string configured = environment("VDK_PYTHON");
  if (!configured.empty()) {
    const fs::path path = configured.find('/') == std::string::npos ? fs::path(find_on_path(configured)) : fs::path(configured);
    if (!is_executable(path)) {
      throw configuration_error({.what = fmt::format("VDK_PYTHON names '{}', which cannot be run.", configured),
                                 .why = fmt::format("The system says: {}.", std::strerror(errno)),
                                 .consequence = "The job has Python steps, and none was run.",
                                 .countermeasure = "Set VDK_PYTHON to a Python interpreter, or unset it."});
    }
    return {path, "VDK_PYTHON"};
  }
  const fs::path own = installation_prefix();
  std::error_code ignored;
  if (fs::exists(own / "pyvenv.cfg", ignored) && is_executable(own / "bin" / "python3")) {
    return {own / "bin" / "python3", "the environment of vdk"};
  }
  const std::string active = environment("VIRTUAL_ENV");
  if (!active.empty() && is_executable(fs::path(active) / "bin" / "python3")) {
    return {fs::path(active) / "bin" / "python3", "VIRTUAL_ENV"};
  }
  const fs::path found = find_on_path("python3");
  if (found.empty()) {
    throw configuration_error({.what = "The job has Python steps, but there is no Python interpreter.",
                               .why = "VDK_PYTHON and VIRTUAL_ENV are not set, and there is no python3 on PATH.",
                               .consequence = "No step was run.",
                               .countermeasure = "Install Python 3.10 or later, or set VDK_PYTHON to an interpreter."});
  }
  return {is_script(found) ? resolve_shim(found) : found, "PATH"};
}

void continue_in_python(const std::vector<std::string>& arguments) {
  const Interpreter interpreter = find_interpreter();
  const fs::path entry = installation_prefix() / "lib" / "vdk" / "python" / "vdk" / "host" / "entry.py";
  if (access(entry.c_str(), R_OK) != 0) {
    throw configuration_error(
        {.what = "The job has Python steps, but this installation has no Python host.",
         .why = fmt::format("There is no file {}.", entry.string()),
         .consequence = "No step was run.",
         .countermeasure = "Install vdk with its Python package (make install), or build with -DVDK_PYTHON_HOST=ON."});
  }
  std::vector<std::string> words{interpreter.executable.string(), entry.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  throw configuration_error({.what = fmt::format("The interpreter {} cannot be started.", interpreter.executable.string()),
                             .why = fmt::format("The system says: {}. It was chosen by {}.", std::strerror(errno),
                                                interpreter.chosen_by),
                             .consequence = "No step was run.",
                             .countermeasure = "Set VDK_PYTHON to a Python interpreter that runs here."});
}

}  // namespace vdk
