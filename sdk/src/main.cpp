// The program: a launcher that needs nothing but the C library.
//
// What `vdk` does is in libvdk, which is opened here. Only the most frequent case is decided
// before, because loading the C++ libraries takes longer than the decision: a job that has Python
// steps runs in the interpreter (docs/architecture.md, "Native first"), whose process would have to
// load them again. Whatever is not plain (options before the directory, a version manager's script,
// an interpreter that cannot be run) the core decides, with the same outcome, and explains.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

namespace {

#if defined(__APPLE__)
constexpr const char* kLibrary = "libvdk.dylib";
#else
constexpr const char* kLibrary = "libvdk.so";
#endif

// A path in a buffer of its own; too long a one is empty.
struct Path {
  char text[PATH_MAX] = {};

  Path() = default;
  Path(const char* directory, const char* name) {
    const int length = std::snprintf(text, sizeof text, "%s/%s", directory, name);
    if (length < 0 || length >= static_cast<int>(sizeof text)) text[0] = '\0';
  }
  [[nodiscard]] bool exists() const { return text[0] != '\0' && access(text, F_OK) == 0; }
  [[nodiscard]] bool can_be_run() const { return text[0] != '\0' && access(text, X_OK) == 0; }
  // Without its last part.
  void ascend() {
    if (char* slash = std::strrchr(text, '/')) *slash = '\0';
  }
};

bool own_file(Path& path) {
  char found[PATH_MAX];
#if defined(__APPLE__)
  std::uint32_t size = sizeof found;
  if (_NSGetExecutablePath(found, &size) != 0) return false;
#else
  const ssize_t length = readlink("/proc/self/exe", found, sizeof found - 1);
  if (length <= 0) return false;
  found[length] = '\0';
#endif
  return realpath(found, path.text) != nullptr;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || value[0] == '\0' ? nullptr : value;
}

bool is_regular_file(const char* path) {
  struct stat info{};
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool is_script(const char* path) {
  char start[2] = {};
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  const ssize_t got = read(file, start, sizeof start);
  close(file);
  return got != 2 || (start[0] == '#' && start[1] == '!');
}

// The first python3 on PATH, where it is a program and no version manager's script.
bool find_on_path(Path& python) {
  const char* next = variable("PATH");
  while (next != nullptr && *next != '\0') {
    const std::size_t length = std::strcspn(next, ":");
    char directory[PATH_MAX];
    if (length == 0 || length >= sizeof directory) return false;
    std::memcpy(directory, next, length);
    directory[length] = '\0';
    const Path candidate(directory, "python3");
    if (candidate.can_be_run() && is_regular_file(candidate.text)) {
      python = candidate;
      return !is_script(python.text);
    }
    next += length + (next[length] == ':' ? 1 : 0);
  }
  return false;
}

// As find_interpreter (hooks/python_environment.hpp) where the answer is plain.
bool find_python(const char* prefix, Path& python) {
  if (const char* configured = variable("VDK_PYTHON")) {
    if (std::strchr(configured, '/') == nullptr || std::strlen(configured) >= PATH_MAX)
      return false;
    std::strcpy(python.text, configured);
    return python.can_be_run();
  }
  if (Path(prefix, "pyvenv.cfg").exists()) {
    python = Path(prefix, "bin/python3");
    return python.can_be_run();
  }
  if (const char* active = variable("VIRTUAL_ENV")) {
    python = Path(active, "bin/python3");
    return python.can_be_run();
  }
  return find_on_path(python);
}

bool has_python_step(const char* job) {
  DIR* directory = opendir(job);
  if (directory == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(directory)) {
    const char* ending = std::strrchr(entry->d_name, '.');
    if (ending != nullptr && strcasecmp(ending, ".py") == 0) {
      found = true;
      break;
    }
  }
  closedir(directory);
  return found;
}

// Whether the run has yet to be given an environment of its own (cli/isolated_run.hpp).
bool waits_for_isolation(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], "--isolated") != 0) continue;
    const char* mark = variable("VDK_ISOLATED");
    return mark == nullptr || std::atol(mark) != getpid();
  }
  return false;
}

// Returns where the core is to decide.
void run_in_python(int argc, char** argv, const char* prefix) {
  const Path entry(prefix, "lib/vdk/python/vdk/host/entry.py");
  Path python;
  if (!has_python_step(argv[2]) || access(entry.text, R_OK) != 0 || !find_python(prefix, python))
    return;
  auto** words = static_cast<char**>(std::calloc(static_cast<std::size_t>(argc) + 2, sizeof *argv));
  if (words == nullptr) return;
  words[0] = python.text;
  words[1] = const_cast<char*>(entry.text);
  for (int i = 1; i < argc; ++i) words[i + 1] = argv[i];
  execv(words[0], words);
  std::free(words);
}

}  // namespace

int main(int argc, char** argv) {
  Path own;
  if (!own_file(own)) {
    std::fputs("vdk cannot start: the system does not say where it is installed.\n", stderr);
    return 1;
  }
  Path prefix = own;  // PREFIX/bin/vdk
  prefix.ascend();
  prefix.ascend();
  if (argc > 2 && std::strcmp(argv[1], "run") == 0 && !waits_for_isolation(argc, argv))
    run_in_python(argc, argv, prefix.text);

  const Path folder(prefix.text, "lib");
  const Path library(folder.text, kLibrary);
  using Main = int (*)(int, char**);
  // Lazily, as if it were linked: most of what the C++ libraries call of each other is never
  // called.
  void* core = dlopen(library.text, RTLD_LAZY | RTLD_GLOBAL);
  const auto core_main =
      core == nullptr ? nullptr : reinterpret_cast<Main>(dlsym(core, "vdk_main"));
  if (core_main == nullptr) {
    std::fprintf(
        stderr,
        "vdk cannot start: the loader says: %s. Install it again; bin/vdk and lib/%s belong "
        "together.\n",
        dlerror(), kLibrary);
    return 1;
  }
  return core_main(argc, argv);
}
