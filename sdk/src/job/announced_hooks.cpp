#include "job/announced_hooks.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "hooks/hook_names.hpp"
#include "hooks/plugin_call.hpp"
#include "vdk/job/job_context.hpp"

namespace vdk {

namespace {

// Plugins whose `when` says no; until there is a configuration, all that have one.
using Idle = std::set<std::string, std::less<>>;

bool says_yes(const Value& value) {
  if (value.is_null()) return false;
  const std::string text = lower(trim(to_python_text(value)));
  for (const std::string_view no : {"", "0", "false", "no", "none", "off"}) {
    if (text == no) return false;
  }
  return true;
}

// One hook of one plugin, as the manifest announces it: stands in the order from the start, and
// opens the plugin when it is called.
struct Announced {
  PluginIndex& plugins;
  HookDispatcher& hooks;
  std::shared_ptr<const Idle> idle;
  const PluginManifest& manifest;
  const AnnouncedHook& hook;

  [[nodiscard]] std::string where() const { return fmt::format("its hook {}", hook.name); }

  // The plugin's own hook point; null where it is not to be called.
  template <class Point>
  const Point* point(Point HookDispatcher::* member) const {
    if (idle->contains(manifest.name)) return nullptr;
    HookDispatcher* own = plugins.hooks_of(manifest);
    return own ? &(own->*member) : nullptr;
  }

  template <class Result, class... Args>
  void stand_in(HookPoint<Result(Args...)> HookDispatcher::* member) const {
    HookPoint<Result(Args...)>& target = hooks.*member;
    if (hook.wrapper) {
      using Results = typename HookPoint<Result(Args...)>::Results;
      target.add_wrapper(
          manifest.name,
          [self = *this, member](const std::function<Results()>& proceed, Args... args) {
            const auto* own = self.point(member);
            return own ? self.wrap(own->wrappers(), 0, proceed, args...) : proceed();
          },
          hook.order);
      return;
    }
    target.add(
        manifest.name,
        [self = *this, member](Args... args) -> std::optional<Result> {
          std::optional<Result> first;
          const auto* own = self.point(member);
          if (!own) return first;
          for (const auto& implementation : own->implementations()) {
            auto result = call_of_plugin(self.manifest, self.where(),
                                         [&] { return implementation.function(args...); });
            if (result && !first) first = std::move(result);
            if (first && own->kind() == HookKind::first_result) break;
          }
          return first;
        },
        hook.order);
  }

  template <class Wrappers, class Results, class... Args>
  Results wrap(const Wrappers& wrappers, std::size_t depth, const std::function<Results()>& proceed,
               Args&... args) const {
    if (depth == wrappers.size()) return proceed();
    bool others_failed = false;
    const std::function<Results()> rest = [&] {
      try {
        return wrap(wrappers, depth + 1, proceed, args...);
      } catch (...) {
        others_failed = true;
        throw;
      }
    };
    return call_of_plugin(
        manifest, where(), [&] { return wrappers[depth].function(rest, args...); },
        [&others_failed] { return others_failed; });
  }
};

}  // namespace

void announce_hooks(PluginIndex& plugins, HookDispatcher& hooks) {
  const auto idle = std::make_shared<Idle>();
  for (const PluginManifest& manifest : plugins.manifests()) {
    for (const AnnouncedHook& hook : manifest.hooks) {
      const Announced announced{plugins, hooks, idle, manifest, hook};
      visit_hooks([&](std::string_view name, auto member) {
        if (name == hook.name) announced.stand_in(member);
      });
    }
    if (!manifest.hooks.empty() && !manifest.when.empty()) idle->insert(manifest.name);
  }
  if (idle->empty()) return;
  hooks.vdk_initialize.add(
      "core-native-plugins",
      [&plugins, idle](const Configuration& configuration) {
        for (const PluginManifest& manifest : plugins.manifests()) {
          if (manifest.hooks.empty() || manifest.when.empty()) continue;
          const bool wanted = std::ranges::any_of(manifest.when, [&](const std::string& key) {
            return says_yes(configuration.get(key));
          });
          if (wanted) {
            idle->erase(manifest.name);
          } else {
            idle->insert(manifest.name);
          }
        }
        return std::nullopt;
      },
      HookOrder::first);
}

}  // namespace vdk
