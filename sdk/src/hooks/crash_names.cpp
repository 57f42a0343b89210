#include "hooks/crash_names.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>

#if defined(__linux__)
#include <link.h>
#endif

namespace vdk {

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Written under a lock by those who open modules, read by the handler: an entry counts once
// `g_count` says so, and never changes afterwards.
struct Module {
  std::uintptr_t begin;
  std::uintptr_t end;
  char plugin[300];
};
std::array<Module, 64> g_modules;
std::atomic<std::size_t> g_count{0};
std::mutex g_mutex;
std::array<std::byte, 64 * 1024> g_stack;

const Module* module_at(std::uintptr_t address) noexcept {
  const std::size_t count = g_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    if (address >= g_modules[i].begin && address < g_modules[i].end) return &g_modules[i];
  }
  return nullptr;
}

// The innermost module on the stack: what looks like a return address is one, for nothing else
// tells without tables that the crash may have damaged. The pages are read by the kernel, which
// refuses what is none of ours.
const Module* module_on_stack(std::uintptr_t top) noexcept {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return nullptr;
  constexpr std::size_t kPiece = 4096;
  constexpr std::size_t kPieces = 64;
  static std::uintptr_t words[kPiece / sizeof(std::uintptr_t)];
  const Module* found = nullptr;
  std::uintptr_t at = top & ~(sizeof(std::uintptr_t) - 1);
  for (std::size_t piece = 0; piece < kPieces && !found; ++piece) {
    const std::size_t size = kPiece - at % kPiece;
    if (write(ends[1], reinterpret_cast<const void*>(at), size) != static_cast<ssize_t>(size) ||
        read(ends[0], words, size) != static_cast<ssize_t>(size)) {
      break;
    }
    for (std::size_t i = 0; i < size / sizeof(std::uintptr_t) && !found; ++i) {
      found = module_at(words[i]);
    }
    at += size;
  }
  close(ends[0]);
  close(ends[1]);
  return found;
}

void say(const char* text) noexcept {
  std::size_t left = std::strlen(text);
  while (left > 0) {
    const ssize_t written = write(STDERR_FILENO, text, left);
    if (written <= 0) return;
    text += written;
    left -= static_cast<std::size_t>(written);
  }
}

const char* name_of(int number) noexcept {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

// Nothing here may allocate or lock: the crash may have happened within either.
void on_crash(int number, siginfo_t*, void* raw) {
  const auto* context = static_cast<const ucontext_t*>(raw);
#if defined(__x86_64__)
  const auto pc = static_cast<std::uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
  const auto sp = static_cast<std::uintptr_t>(context->uc_mcontext.gregs[REG_RSP]);
#else
  const auto pc = static_cast<std::uintptr_t>(context->uc_mcontext.pc);
  const auto sp = static_cast<std::uintptr_t>(context->uc_mcontext.sp);
#endif
  const Module* module = module_at(pc);
  if (!module) module = module_on_stack(sp);
  if (module) {
    say("\nThe native plugin ");
    say(module->plugin);
    say(" crashed: ");
    say(name_of(number));
    say(".\nIt took the program with it; what was not committed is lost, and the run counts as "
        "failed by the platform.\nTell the author of the plugin; without its manifest and module "
        "the program works as before.\n");
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void install() {
  stack_t stack{};
  stack.ss_sp = g_stack.data();
  stack.ss_size = g_stack.size();
  stack_t former{};
  // For a stack that has overflowed; of the thread that opens the first plugin, the main one.
  if (sigaltstack(nullptr, &former) == 0 && (former.ss_flags & SS_DISABLE) != 0) {
    sigaltstack(&stack, nullptr);
  }
  for (const int number : kSignals) {
    struct sigaction present{};
    if (sigaction(number, nullptr, &present) != 0 || (present.sa_flags & SA_SIGINFO) != 0 ||
        present.sa_handler != SIG_DFL) {
      continue;
    }
    struct sigaction ours{};
    ours.sa_sigaction = on_crash;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    sigemptyset(&ours.sa_mask);
    sigaction(number, &ours, nullptr);
  }
}

struct Search {
  std::uintptr_t within;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// The executable segment that holds the function.
int find_segment(dl_phdr_info* info, std::size_t, void* raw) {
  auto& search = *static_cast<Search*>(raw);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    const std::uintptr_t end = begin + header.p_memsz;
    if (search.within < begin || search.within >= end) continue;
    search.begin = begin;
    search.end = end;
    return 1;
  }
  return 0;
}

}  // namespace

void name_crashes_of(const std::string& plugin, const void* within) {
  Search search{.within = reinterpret_cast<std::uintptr_t>(within)};
  if (dl_iterate_phdr(find_segment, &search) == 0) return;
  const std::lock_guard lock(g_mutex);
  const std::size_t count = g_count.load(std::memory_order_relaxed);
  if (count == g_modules.size() || module_at(search.begin)) return;
  Module& module = g_modules[count];
  module.begin = search.begin;
  module.end = search.end;
  module.plugin[plugin.copy(module.plugin, sizeof module.plugin - 1)] = '\0';
  g_count.store(count + 1, std::memory_order_release);
  if (count == 0) install();
}

#else

void name_crashes_of(const std::string&, const void*) {}

#endif

}  // namespace vdk
