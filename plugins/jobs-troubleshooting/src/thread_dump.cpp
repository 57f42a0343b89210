#include "thread_dump.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

namespace vdk::troubleshooting {

namespace fs = std::filesystem;

namespace {

std::string first_line_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string_view in_words(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "waiting for a device";
    case 'T':
    case 't':
      return "stopped";
    case 'Z':
      return "ended";
    default:
      return "unknown";
  }
}

std::string native_threads() {
  std::vector<long> ids;
  std::error_code failure;
  for (fs::directory_iterator entry("/proc/self/task", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    ids.push_back(std::atol(entry->path().filename().c_str()));
  }
  std::ranges::sort(ids);
  std::string text = "Threads:\n";
  for (const long id : ids) {
    const fs::path task = fs::path("/proc/self/task") / std::to_string(id);
    // "123 (name) S ...": the name may hold anything, so the state is behind the last parenthesis.
    const std::string stat = first_line_of(task / "stat");
    const std::size_t behind = stat.rfind(')');
    const char state =
        behind != std::string::npos && behind + 2 < stat.size() ? stat[behind + 2] : '?';
    text += "  " + std::to_string(id) + ' ' + first_line_of(task / "comm") + ": " +
            std::string(in_words(state));
    const std::string where = first_line_of(task / "wchan");
    if (!where.empty() && where != "0") text += " in " + where;
    text += '\n';
  }
  return text;
}

template <class Function>
Function find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

// By Python's own faulthandler, which writes to a descriptor.
std::string python_stacks() {
  using EnsureLock = int (*)();
  using ReleaseLock = void (*)(int);
  using Import = void* (*)(const char*);
  using Call = void* (*)(void*, const char*, const char*, ...);
  using Release = void (*)(void*);
  using ClearError = void (*)();
  const auto lock = find<EnsureLock>("PyGILState_Ensure");
  const auto unlock = find<ReleaseLock>("PyGILState_Release");
  const auto import = find<Import>("PyImport_ImportModule");
  const auto call = find<Call>("PyObject_CallMethod");
  const auto release = find<Release>("Py_DecRef");
  const auto clear = find<ClearError>("PyErr_Clear");
  if (!lock || !unlock || !import || !call || !release || !clear) return {};
  const int file = memfd_create("vdk-thread-dump", MFD_CLOEXEC);
  if (file < 0) return {};
  const int state = lock();
  if (void* module = import("faulthandler")) {
    if (void* result = call(module, "dump_traceback", "i", file)) {
      release(result);
    } else {
      clear();
    }
    release(module);
  } else {
    clear();
  }
  unlock(state);
  std::string text;
  std::array<char, 4096> piece{};
  off_t at = 0;
  for (ssize_t count = 0; (count = pread(file, piece.data(), piece.size(), at)) > 0; at += count) {
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  close(file);
  return text;
}

}  // namespace

std::string dump_threads() {
  std::string text = native_threads();
  if (const std::string stacks = python_stacks(); !stacks.empty()) {
    text += "\nPython:\n" + stacks;
  }
  return text;
}

}  // namespace vdk::troubleshooting
