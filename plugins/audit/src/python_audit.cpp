#include "python_audit.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <utility>

#include "vdk/base/log.hpp"

namespace vdk::audit {

namespace {

constexpr std::string_view kLogger = "vdk.audit";

// Of Python's C API; the interpreter is the process's own, so its symbols are found by name.
using Hook = int (*)(const char* event, void* arguments, void* data);
using AddHook = int (*)(Hook hook, void* data);
using EnsureLock = int (*)();
using ReleaseLock = void (*)(int state);

template <class Function>
Function find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

// Never destroyed: the interpreter calls the hook until the process ends.
std::atomic<std::shared_ptr<const AuditRules>>& rules_in_force() {
  static auto* rules = new std::atomic<std::shared_ptr<const AuditRules>>;
  return *rules;
}

std::atomic<bool> g_watches{false};

int on_event(const char* event, void* /*arguments*/, void* /*data*/) {
  if (!g_watches.load(std::memory_order_relaxed)) return 0;
  static thread_local bool at_work = false;  // what logging does is no event of the step
  if (at_work) return 0;
  const std::shared_ptr<const AuditRules> rules = rules_in_force().load();
  if (!rules || !rules->forbids(event)) return 0;
  at_work = true;
  const std::string name = event;
  log(LogLevel::warning, kLogger,
      "The job caused the forbidden event " + name + ", by forbidden_events_list.");
  if (rules->ends_process()) {
    log(LogLevel::error, kLogger,
        "The process ends because of " + name +
            ", as exit_on_forbidden_event has it. What was not stored is lost.");
    _exit(rules->exit_code());
  }
  at_work = false;
  return 0;
}

bool add_hook() {
  const auto add = find<AddHook>("PySys_AddAuditHook");
  const auto lock = find<EnsureLock>("PyGILState_Ensure");
  const auto unlock = find<ReleaseLock>("PyGILState_Release");
  if (add == nullptr || lock == nullptr || unlock == nullptr) return false;
  const int state = lock();
  const int result = add(on_event, nullptr);
  unlock(state);
  return result == 0;
}

}  // namespace

bool watch_python(std::shared_ptr<const AuditRules> rules) {
  static bool hooked = false;
  const bool watches = rules != nullptr;
  rules_in_force().store(std::move(rules));
  g_watches.store(watches, std::memory_order_relaxed);
  if (watches && !hooked) hooked = add_hook();
  return hooked;
}

}  // namespace vdk::audit
