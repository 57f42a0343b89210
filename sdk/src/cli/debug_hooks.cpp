#include "cli/debug_hooks.hpp"

#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "hooks/hook_names.hpp"
#include "job/job_context.hpp"

namespace vdk {

namespace {

constexpr std::string_view kWord = "--debug-hooks";
constexpr const char* kVariable = "VDK_DEBUG_HOOKS_ENABLED";

class Tracer {
 public:
  explicit Tracer(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

  template <class Result, class... Args>
  void trace(HookPoint<Result(Args...)>& hook, std::string name) const {
    using Results = typename HookPoint<Result(Args...)>::Results;
    hook.add_wrapper(
        "core-debug",
        [name = std::move(name), write = write_](const std::function<Results()>& proceed, Args...) {
          write(fmt::format("hook {}: called\n", name));
          try {
            Results results = proceed();
            write(fmt::format("hook {}: {} results\n", name, results.size()));
            return results;
          } catch (...) {
            write(fmt::format("hook {}: failed\n", name));
            throw;
          }
        },
        HookOrder::first);
  }

 private:
  std::function<void(std::string_view)> write_;
};

void trace_all(HookDispatcher& hooks, const Tracer& tracer) {
  visit_hooks([&](std::string_view name, auto member) {
    // The first one is called already, and has no wrappers.
    if (name != "vdk_start") tracer.trace(hooks.*member, std::string(name));
  });
}

}  // namespace

void register_debug_hooks(HookDispatcher& hooks, std::function<void(std::string_view)> write) {
  hooks.vdk_start.add(
      "core-debug",
      [&hooks, write = std::move(write)](std::vector<std::string>& arguments) {
        const bool typed = std::erase(arguments, kWord) > 0;
        const char* variable = std::getenv(kVariable);
        if (typed || (variable && lower(variable) == "yes")) trace_all(hooks, Tracer(write));
        return std::nullopt;
      },
      HookOrder::first);
}

}  // namespace vdk
